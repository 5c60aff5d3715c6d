#pragma once

#include <ephemint/observer.hpp>

#include <cstdint>
#include <string>

// The text that `log_observer` writes for each report.

namespace ephemint::inline v0::detail {

std::string line_of(const attempt_report&);
std::string line_of(const mint_report&);
std::string line_of(const connection_report&);
std::string line_of(const quota_report&);

/// `line`, cleaned and cut to a log line's length, with a note that `more` lines like it were left out.
std::string one_line(std::string line, std::uint64_t more);

}  // namespace ephemint::inline v0::detail
