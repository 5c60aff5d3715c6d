#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string_view>

// Files of one secret a line, of words between blanks.

namespace ephemint::inline v0::gateway {

/// The next word of a line, which then begins behind it; empty: there is none.
inline std::string_view take_word(std::string_view& line) {
  constexpr std::string_view blanks = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

/// Gives `take` each line that says something. What it says against one, if it isn't null, is thrown as
/// `std::invalid_argument`, with the line's number and none of its words: one may be a secret.
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
