#pragma once

#include "core/time.hpp"

namespace ephemint::inline v0::core {

/// How far sending has run ahead of an even flow: a virtual token bucket, stored as its debt, the number of
/// permits missing from a full bucket.
///
/// Reason: the bucket's size is learned and changes, while the debt means the same for every size. Each
/// permit adds one to it; `rate` a second drains it. The same rule answers three questions: may logins burst
/// (size b), may the background go (size 1.5), and may the release after a pause go on (size 1).
class burst_bucket {
 public:
  double debt(time_point now, double rate) const noexcept;
  /// When a bucket of `size` has room for one permit after `ahead` others.
  time_point earliest(time_point now, double rate, double size, double ahead) const noexcept;

  void take(time_point now, double rate) noexcept;
  void put_back() noexcept;
  time_point last_taken() const noexcept { return as_of_; }

 private:
  double debt_ = 0;
  time_point as_of_{};
};

}  // namespace ephemint::inline v0::core
