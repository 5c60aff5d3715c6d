#pragma once

#include "core/time.hpp"

namespace ephemint::inline v0::core {

/// How far the sending has run ahead of an even flow: the virtual bucket, kept as the debt below full.
///
/// Reason: the bucket's size is what is learned last and changes, so the debt is kept instead of a level: it
/// means the same under every size. Each permit adds one; `rate` a second drains it. One debt answers three
/// questions: may the foreground burst (size b), may the background go (size 1.5), may a release go on (size
/// 1).
class burst_bucket {
 public:
  double debt(time_point now, double rate) const noexcept;
  /// When a bucket of `size` has room for one permit after `ahead` others.
  time_point earliest(time_point now, double rate, double size, double ahead) const noexcept;

  void take(time_point now, double rate) noexcept;
  void put_back() noexcept;

 private:
  double debt_ = 0;
  time_point as_of_{};
};

}  // namespace ephemint::inline v0::core
