#pragma once

#include "core/quota/refusal.hpp"

#include <ephemint/clock.hpp>

#include <algorithm>
#include <chrono>
#include <limits>

namespace ephemint::inline v0::core {

/// Learns b: how far a burst may run ahead of the even flow before the server refuses it.
///
/// Without bound until a 429 comes while the flow was ahead by 2 or more; then 0.9 of what was reached. It
/// doubles after a hold of 6 windows, which doubles with each such 429 up to 48 (governor.md, "Growth"),
/// times the cost of one.
class burst_learner {
 public:
  using time_point = clock::time_point;
  using seconds = std::chrono::duration<double>;
  static constexpr double unbounded = std::numeric_limits<double>::infinity();

  /// Less can't be told from an even flow with a late timer.
  static bool explains(const refusal& r) noexcept { return r.debt >= 2.0; }

  double size() const noexcept { return size_; }

  void on_refused(time_point now, const refusal& r, double cost) noexcept {
    size_ = std::max(1.0, std::min(size_, 0.9 * (r.debt - 1.0)));
    hold_ = std::clamp(2 * hold_, 6 * cost, 48 * cost);
    since_ = now;
  }

  void advance(time_point now, clock::duration window, double limit) noexcept {
    if (size_ == unbounded || seconds{now - since_} < hold_ * seconds{window}) return;
    size_ *= 2;
    since_ = now;
    if (size_ >= limit) size_ = unbounded;
  }

 private:
  double size_ = unbounded;
  double hold_ = 0;  // windows
  time_point since_{};
};

}  // namespace ephemint::inline v0::core
