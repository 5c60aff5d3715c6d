#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0::sandbox {

/// `250ms`, `5s`, `1min`, `2h`. Throws `std::invalid_argument`, naming these forms.
std::chrono::milliseconds parse_duration(std::string_view text);
/// A whole number, not negative. Throws `std::invalid_argument`.
std::uint64_t parse_number(std::string_view text);
/// A number from 0 to 1. Throws `std::invalid_argument`.
double parse_probability(std::string_view text);

/// Untrusted text for a message: at most 60 characters, in quotes; all but visible ASCII and blanks become
/// `?`.
std::string in_quotes(std::string_view text);

/// The content of a JSON string. Non-ASCII bytes stay unchanged.
std::string json_escaped(std::string_view text);
/// Escapes for HTML text, and for attribute values in double quotes.
std::string html_escaped(std::string_view text);
/// `%41+b` → `A b`, as in a query. None if an escape is incomplete.
std::optional<std::string> percent_decoded(std::string_view text);

/// 8-4-4-4-12 hexadecimal digits.
bool is_uuid(std::string_view text);
/// 1 to `max_size` characters, all of them visible ASCII.
bool is_visible_ascii(std::string_view text, std::size_t max_size);

}  // namespace ephemint::inline v0::sandbox
