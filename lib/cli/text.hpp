#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace ephemint::cli {

/// Appends `text` as a JSON string, quotes included. Control characters are escaped, and invalid UTF-8
/// becomes U+FFFD: the result is valid JSON, and can't control a terminal.
void append_json_string(std::string& out, std::string_view text);

/// `text` for a terminal or a log: control characters and bytes that aren't UTF-8 become `\xNN`.
std::string printable(std::string_view text);

/// The same in double quotes, cut after 80 characters.
std::string in_quotes(std::string_view text);

/// `2026-11-26T07:14:07.123Z`
std::string utc_time(std::chrono::sys_time<std::chrono::milliseconds>);

/// `1234567` → `1,234,567`.
std::string with_thousands(unsigned long long number);

}  // namespace ephemint::cli
