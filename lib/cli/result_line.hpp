#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/secret.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace ephemint::cli {

/// One moment on both clocks: tokens are timed by ours, but readers know the wall clock.
struct moment {
  clock::time_point now;
  std::chrono::system_clock::time_point wall;

  static moment current() { return {clock::now(), std::chrono::system_clock::now()}; }
};

/// How a line shows its token's time: as JSON members, in words for people, or not at all.
enum class time_form { none, members, words };

/// A result's line without its token's time, which is inserted when the line is written. Wiped on
/// destruction.
struct result_line {
  result_line() = default;
  result_line(result_line&&) = default;
  result_line& operator=(result_line&&) = delete;
  ~result_line() { wipe(text.data(), text.size()); }

  std::string text;
  time_form form = time_form::none;
  std::size_t time_at = 0;         ///< where in the text the time belongs
  clock::time_point expires_at{};  ///< the token's end
};

/// Appends the whole line, with the times of that moment.
void stamp(const result_line&, moment at, std::string& out);

}  // namespace ephemint::cli
