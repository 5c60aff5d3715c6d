#pragma once

#include <ephemint/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace ephemint::inline v0::core {

/// How much of the window the background leaves free for logins.
///
/// Reason: a login that meets a full window waits for the next charge to leave it. With m logins expected
/// within the horizon, m + 2 sqrt(m) permits are enough in 98 of 100 cases (they come as a Poisson stream);
/// at most half, so that a batch always moves. What is kept free is lost to the batch, so the horizon is
/// short: windows that a paced background fills evenly give back a permit every window / quota anyway.
class foreground_reserve {
 public:
  using time_point = clock::time_point;

  void on_foreground(time_point now) noexcept {
    weight_ = decayed(now) + 1.0;
    as_of_ = std::max(as_of_, now);
  }

  double permits(time_point now, double limit) const noexcept {
    if (weight_ <= 0) return 0;
    const double expected = decayed(now) / memory.count() * horizon.count();
    if (expected < 0.02) return 0;
    return std::min(expected + 2.0 * std::sqrt(expected), limit / 2);
  }

  bool idle(time_point now) const noexcept { return decayed(now) < 1e-3; }

 private:
  // Long enough to see a rate of a few logins a minute, short enough to follow the morning's rise.
  static constexpr std::chrono::duration<double> memory{30.0};
  static constexpr std::chrono::duration<double> horizon{0.15};

  double decayed(time_point now) const noexcept {
    const std::chrono::duration<double> passed = std::max(clock::duration{}, now - as_of_);
    return weight_ * std::exp(-passed.count() / memory.count());
  }

  double weight_ = 0;  // of the foreground's permits, each fading with `memory`
  time_point as_of_{};
};

}  // namespace ephemint::inline v0::core
