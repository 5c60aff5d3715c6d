#pragma once

#include "core/quota/refusal.hpp"
#include "core/time.hpp"

#include <limits>

namespace ephemint::inline v0::core {

/// Learns b: how far a burst may run ahead of the even flow before the server refuses it.
///
/// Without bound until a 429 comes while the flow was ahead by 2 or more; then 0.9 of what was reached. It
/// doubles after a hold of 6 windows, which doubles with each such 429 up to 48, times the cost of one: a
/// bucket that is really small is asked for more ever less often.
class burst_learner {
 public:
  static constexpr double unbounded = std::numeric_limits<double>::infinity();

  /// Less can't be told from an even flow with a late timer.
  static bool explains(const refusal& r) noexcept { return r.debt >= 2.0; }

  double size() const noexcept { return size_; }

  void on_refused(time_point now, const refusal& r, double cost) noexcept;
  void advance(time_point now, duration window, double limit) noexcept;

 private:
  double size_ = unbounded;
  double hold_ = 0;  // windows
  time_point since_{};
};

}  // namespace ephemint::inline v0::core
