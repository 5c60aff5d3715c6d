#pragma once

#include <ephemint/observer.hpp>

#include <cstdint>
#include <string>

// What `log_observer` says of each report.

namespace ephemint::inline v0::detail {

std::string line_of(const attempt_report&);
std::string line_of(const mint_report&);
std::string line_of(const connection_report&);
std::string line_of(const quota_report&);

/// `line`, clean and no longer than a log takes, and that so many more like it weren't said.
std::string one_line(std::string line, std::uint64_t more);

}  // namespace ephemint::inline v0::detail
