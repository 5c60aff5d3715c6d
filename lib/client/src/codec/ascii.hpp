#pragma once

#include <algorithm>
#include <string>
#include <string_view>

// Character classes by ASCII, independent of the process's locale; <cctype> depends on it.

namespace ephemint::inline v0::detail::ascii {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr bool is_letter(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }
constexpr bool is_hex(char c) noexcept { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }
/// 0x21 to 0x7E: characters that are never trimmed from a header's value or split it.
constexpr bool is_visible(char c) noexcept { return c > 0x20 && c < 0x7f; }
/// 0x00 to 0x1F, and 0x7F.
constexpr bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// The value of a character that `is_hex`.
constexpr int hex_value(char c) noexcept { return is_digit(c) ? c - '0' : lower(c) - 'a' + 10; }

inline std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lower(c); });
  return result;
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace ephemint::inline v0::detail::ascii
