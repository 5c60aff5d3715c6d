#pragma once

#include <string>

namespace ephemint::test {

/// The text for Prometheus of a process in which every kind of mint, request and connection ended: the
/// library's own, with that of a shared quota.
std::string text_of_a_busy_process();

/// The Unix time of the last scrape in `scrapes_of`.
inline constexpr long last_scrape = 1'800'001'200;

/// A process' text as Prometheus holds it after scraping four processes of two jobs every 15 s for 20
/// minutes, in OpenMetrics' format: its counters grow evenly, up to several times what they are in the text.
std::string scrapes_of(const std::string& text);

}  // namespace ephemint::test
