#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/secret.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace ephemint::cli {

/// One moment on both clocks: tokens are timed by ours, readers know the wall's.
struct moment {
  clock::time_point now;
  std::chrono::system_clock::time_point wall;

  static moment current() { return {clock::now(), std::chrono::system_clock::now()}; }
};

/// How a line tells of its token's time: as JSON's members, in words for people, or not at all.
enum class time_form { none, members, words };

/// A result's line but for its token's time, which is that of the moment at which the line is written. Wiped
/// when it goes.
struct result_line {
  result_line() = default;
  result_line(result_line&&) = default;
  result_line& operator=(result_line&&) = delete;
  ~result_line() { wipe(text.data(), text.size()); }

  std::string text;
  time_form form = time_form::none;
  std::size_t time_at = 0;         ///< where in the text the time belongs
  clock::time_point expires_at{};  ///< of the token
};

/// Appends the whole line as it is right at that moment.
void stamp(const result_line&, moment at, std::string& out);

}  // namespace ephemint::cli
