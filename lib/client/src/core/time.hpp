#pragma once

#include <ephemint/clock.hpp>

#include <chrono>
#include <limits>

namespace ephemint::inline v0::core {

using time_point = clock::time_point;
using duration = clock::duration;

/// "Never", for deadlines and wake-ups.
inline constexpr time_point never = time_point::max();

// All sums of times here saturate at the ends of the clock. Deadlines, windows and waits come from options,
// headers and users' own governors, and an overflow would turn "never" into "now".

constexpr duration sum(duration a, duration b) noexcept {
  duration::rep total = 0;
  if (!__builtin_add_overflow(a.count(), b.count(), &total)) return duration{total};
  return b < duration::zero() ? duration::min() : duration::max();
}

constexpr time_point add(time_point when, duration span) noexcept {
  return time_point{sum(when.time_since_epoch(), span)};
}

constexpr duration between(time_point later, time_point earlier) noexcept {
  duration::rep span = 0;
  if (!__builtin_sub_overflow(later.time_since_epoch().count(), earlier.time_since_epoch().count(), &span))
    return duration{span};
  return later < earlier ? duration::min() : duration::max();
}

/// `span` times `count`, which must not be negative.
constexpr duration times(duration span, duration::rep count) noexcept {
  duration::rep total = 0;
  if (!__builtin_mul_overflow(span.count(), count, &total)) return duration{total};
  return span < duration::zero() ? duration::min() : duration::max();
}

/// The result of a computation in seconds as a `duration`.
constexpr duration whole(std::chrono::duration<double> seconds) noexcept {
  constexpr std::chrono::duration<double> longest = duration::max();
  if (seconds >= longest) return duration::max();
  if (seconds <= -longest) return duration::min();
  return std::chrono::duration_cast<duration>(seconds);
}

}  // namespace ephemint::inline v0::core
