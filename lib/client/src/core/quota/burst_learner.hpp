#pragma once

#include "core/quota/refusal.hpp"
#include "core/time.hpp"

#include <limits>

namespace ephemint::inline v0::core {

/// Learns b: how far a burst may run ahead of the even flow before the server refuses it.
///
/// b is unbounded until a 429 comes while sending was ahead by 2 or more; then it becomes 0.9 of what was
/// reached. After a hold b doubles. The hold is 6 windows, doubles with each such 429 up to 48, and is
/// multiplied by the cost of a 429: if the server's bucket really is small, more is tried less and less
/// often.
class burst_learner {
 public:
  static constexpr double unbounded = std::numeric_limits<double>::infinity();

  /// A smaller debt can't be distinguished from an even flow with a late timer.
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
