#pragma once

#include <ephemint/ephemeral_token.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string_view>

// Words in requests, tickets and files of secrets.

namespace ephemint::inline v0::gateway {

/// Whether they are equal, ignoring the case of ASCII letters.
bool same_word(std::string_view, std::string_view) noexcept;

/// Whether it is a valid name of a key or bearer: 1 to 64 of `A-Z a-z 0-9 _ - .`.
bool is_name(std::string_view) noexcept;

/// `carriers`, `billing` or `onboarding`.
std::optional<portal_page> page_named(std::string_view) noexcept;

/// Whether it is a UUID, 8-4-4-4-12 hexadecimal digits.
bool is_theme_id(std::string_view) noexcept;

/// Removes and returns the next word of a line; empty: there is none.
std::string_view take_word(std::string_view& line) noexcept;

/// Calls `take` with each line that has content. If it returns an error, not null, that is thrown as
/// `std::invalid_argument` with the line's number, but without the line's text, which may hold a secret.
template <class Take>
void each_line(std::string_view text, Take take) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    std::string_view rest = line;
    const std::string_view first = take_word(rest);
    if (first.empty() || first.front() == '#') continue;
    if (const char* const fault = take(line))
      throw std::invalid_argument{fmt::format("line {} {}", number, fault)};
  }
}

}  // namespace ephemint::inline v0::gateway
