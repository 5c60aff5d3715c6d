#pragma once

#include "core/time.hpp"

#include <chrono>

namespace ephemint::inline v0::core {

/// How much of the window the background leaves free for logins.
///
/// Reason: a login that meets a full window waits for the next charge to leave it. With m logins expected
/// within the horizon, m + 2 sqrt(m) permits are enough in 98 of 100 cases (they come as a Poisson stream);
/// at most half, so that a batch always moves. What is kept free is lost to the batch, so the horizon is
/// short: windows that a paced background fills evenly give back a permit every window / quota anyway.
class foreground_reserve {
 public:
  /// So many logins.
  void on_foreground(time_point now, double logins = 1.0) noexcept;
  double permits(time_point now, double limit) const noexcept;
  bool idle(time_point now) const noexcept { return decayed(now) < 1e-3; }

 private:
  // Long enough to see a rate of a few logins a minute, short enough to follow the morning's rise.
  static constexpr std::chrono::duration<double> memory{30.0};
  static constexpr std::chrono::duration<double> horizon{0.15};

  double decayed(time_point now) const noexcept;

  double weight_ = 0;  // of the foreground's permits, each fading with `memory`
  time_point as_of_{};
};

}  // namespace ephemint::inline v0::core
