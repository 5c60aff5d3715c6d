#pragma once

#include <ephemint/ephemeral_token.hpp>
#include <ephemint/quota.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

// Parsers for the values of options. Each throws `usage_error`, saying what is wrong and what is right; the
// caller puts the option's name in front.

namespace ephemint::cli {

/// `250ms`, `5s`, `1min`, `1h`: a whole number, not 0 unless `zero_too`, of at most some 31 years.
std::chrono::milliseconds parse_duration(std::string_view, bool zero_too = false);

/// The same, of at most a day.
std::chrono::milliseconds up_to_a_day(std::string_view, bool zero_too = false);

/// `200/60s`, `unlimited` or `auto`.
quota parse_rate(std::string_view);

/// `on`, `1`, `true`; `off`, `0`, `false`.
bool parse_switch(std::string_view);

/// A whole number of `least` to `most`.
std::uint64_t parse_number(std::string_view, std::uint64_t least, std::uint64_t most);

portal_page parse_portal_page(std::string_view);

/// 8-4-4-4-12 hexadecimal digits.
std::string parse_uuid(std::string_view);

}  // namespace ephemint::cli
