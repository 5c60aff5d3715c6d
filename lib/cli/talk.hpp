#pragma once

#include <string_view>

namespace ephemint::cli {

/// What a terminal can do, as far as it matters here.
struct terminal {
  bool is_one = false;
  bool colours = false;  ///< `NO_COLOR` (no-color.org) forbids them, and `TERM=dumb` has none
  bool redraws = false;  ///< a line can be drawn over
};

terminal terminal_on(int descriptor) noexcept;
/// Its width in characters; 80 if it doesn't say.
unsigned terminal_width(int descriptor) noexcept;
/// Its height in lines; 24 if it doesn't say.
unsigned terminal_height(int descriptor) noexcept;

/// Writes to stderr, all of it, also where that was set to non-blocking. What can't be written there is lost:
/// there is nowhere to say so.
void talk(std::string_view text) noexcept;

/// `ephemint: text` and a line's end.
void complain(std::string_view text);

}  // namespace ephemint::cli
