#pragma once

#include "core/time.hpp"

#include <chrono>

namespace ephemint::inline v0::core {

/// How much of the window the background leaves free for logins.
///
/// Reason: a login that meets a full window waits for the next charge to leave it. With m logins expected
/// within the horizon, m + 2 sqrt(m) permits are enough in 98 of 100 cases (logins come as a Poisson
/// process). At most half of the window is kept, so that a batch always moves. What is kept free is lost to
/// the batch, so the horizon is short: a window that a paced background fills evenly frees a permit every
/// window / quota anyway.
class foreground_reserve {
 public:
  /// That many logins have left.
  void on_foreground(time_point now, double logins = 1.0) noexcept;
  double permits(time_point now, double limit) const noexcept;
  /// There never was a login.
  bool untouched() const noexcept { return weight_ == 0 && as_of_ == time_point{}; }
  bool idle(time_point now) const noexcept { return decayed(now) < 1e-3; }

 private:
  // Long enough to measure a rate of a few logins a minute, short enough to follow the morning's rise.
  static constexpr std::chrono::duration<double> memory{30.0};
  static constexpr std::chrono::duration<double> horizon{0.15};

  double decayed(time_point now) const noexcept;

  double weight_ = 0;  // the number of interactive permits, each fading exponentially with `memory`
  time_point as_of_{};
};

}  // namespace ephemint::inline v0::core
