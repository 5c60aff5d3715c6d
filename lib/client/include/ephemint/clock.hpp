#pragma once

#include <ephemint/export.hpp>

#include <chrono>

namespace ephemint::inline v0 {

/// The clock of every deadline, age and remaining life here. It goes on while the machine sleeps, as a
/// token's life does; `std::chrono::steady_clock` doesn't on every system. It is CLOCK_BOOTTIME on Linux,
/// `mach_continuous_time` on macOS, and `std::chrono::steady_clock` elsewhere. Setting the wall clock doesn't
/// affect it. Its time points can't be compared with those of another clock, such as a timer's; only
/// durations can.
struct EPHEMINT_EXPORT clock {
  /// Nanoseconds.
  using duration = std::chrono::nanoseconds;
  /// The type that counts them.
  using rep = duration::rep;
  /// One tick as a fraction of a second.
  using period = duration::period;
  /// A point in time of this clock, and of no other.
  using time_point = std::chrono::time_point<clock>;
  /// It never goes back.
  static constexpr bool is_steady = true;

  /// The time, from any thread. No system call where the kernel offers the clock without one.
  static time_point now() noexcept;
};

/// How long the API lets an ephemeral token live. Source: the API's reference, `POST /v1/tokens/ephemeral`.
inline constexpr std::chrono::seconds token_lifetime{10};

}  // namespace ephemint::inline v0
