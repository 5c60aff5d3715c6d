#pragma once

#include <string>

namespace ephemint::test {

/// What a process writes for Prometheus in which every kind of mint, request and connection ended: the
/// library's own text, with that of a shared quota.
std::string text_of_a_busy_process();

/// When the last of `scrapes_of` was, in Unix time.
inline constexpr long last_scrape = 1'800'001'200;

/// A process' text as Prometheus holds it after scraping four processes of two jobs every 15 s for 20
/// minutes, in OpenMetrics' format: its counters grow evenly, up to several times what they are in the text.
std::string scrapes_of(const std::string& text);

}  // namespace ephemint::test
