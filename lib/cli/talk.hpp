#pragma once

#include <string_view>

namespace ephemint::cli {

/// The abilities of a terminal that matter here.
struct terminal {
  bool is_one = false;
  bool colours = false;  ///< `NO_COLOR` (no-color.org) forbids them, and `TERM=dumb` has none
  bool redraws = false;  ///< lines can be redrawn
};

terminal terminal_on(int descriptor) noexcept;
/// Its width in characters; 80 if it doesn't say.
unsigned terminal_width(int descriptor) noexcept;
/// Its height in lines; 24 if it doesn't say.
unsigned terminal_height(int descriptor) noexcept;

/// Writes all of the text to stderr, even if that is non-blocking. What can't be written is lost: there is no
/// other place to report it.
void talk(std::string_view text) noexcept;

/// Writes `ephemint: text` and a newline.
void complain(std::string_view text);

}  // namespace ephemint::cli
