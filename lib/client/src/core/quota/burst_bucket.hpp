#pragma once

#include <ephemint/clock.hpp>

#include <algorithm>
#include <chrono>

namespace ephemint::inline v0::core {

/// How far the sending has run ahead of an even flow: the virtual bucket, kept as the debt below full.
///
/// Reason: the bucket's size is what is learned last and changes, so the debt is kept instead of a level: it
/// means the same under every size. Each permit adds one; `rate` a second drains it. One debt answers three
/// questions: may the foreground burst (size b), may the background go (size 1.5), may a release go on (size
/// 1).
class burst_bucket {
 public:
  using time_point = clock::time_point;

  double debt(time_point now, double rate) const noexcept {
    const double drained = std::chrono::duration<double>(now - as_of_).count() * rate;
    return std::max(0.0, debt_ - std::max(0.0, drained));
  }

  /// When a bucket of `size` has room for one permit after `ahead` others.
  time_point earliest(time_point now, double rate, double size, double ahead) const noexcept {
    const double excess = debt(now, rate) + ahead + 1.0 - size;
    if (excess <= 1e-9) return now;
    const double seconds = std::min(excess / rate, 1e9);
    // Rounded up, so that whoever asks at that time isn't a nanosecond early.
    return now + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(seconds)) +
           clock::duration{1};
  }

  void take(time_point now, double rate) noexcept {
    debt_ = debt(now, rate) + 1.0;
    as_of_ = std::max(as_of_, now);
  }
  void put_back() noexcept { debt_ = std::max(0.0, debt_ - 1.0); }

 private:
  double debt_ = 0;
  time_point as_of_{};
};

}  // namespace ephemint::inline v0::core
