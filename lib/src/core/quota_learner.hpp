#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/quota.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

namespace ephemint::core {

/// What one 429 says.
struct refusal {
  std::optional<clock::duration> retry_after;
  double counted = 0;  ///< requests admitted in the window that the server must have meant
  double debt = 0;     ///< of the burst bucket when the refused request was sent
};

/// Learns the two numbers that the server doesn't tell: L, permits a window, and b, the burst.
///
/// L starts at the quota and never rises above it if the quota is declared; b starts without bound. They are
/// learned apart because servers of the same rate differ in their burst (a bucket of 10, windows of ten
/// seconds), and either one alone gives away the other (governor.md: on a small bucket, learning b is worth
/// 0.33 -> 0.97).
class quota_learner {
 public:
  using time_point = clock::time_point;

  explicit quota_learner(const quota& q)
      : quota_{static_cast<double>(q.requests())},
        window_{q.window()},
        ceiling_{q.how() == quota::mode::learned ? 1e6 : quota_},
        limit_{quota_},
        step_{first_step * quota_} {}

  double limit() const noexcept { return limit_; }
  double burst() const noexcept { return burst_; }

  bool learned_anything() const noexcept { return limit_ != quota_ || burst_ < quota_; }

  /// The limit, and nothing else, made somebody wait.
  void on_held_back(time_point now) noexcept { held_at_ = now; }

  void on_refused(time_point now, const refusal& r) noexcept {
    grown_to_ = now;
    clean_since_ = now;
    step_ = first_step * quota_;
    const double share = r.counted / limit_;
    if (share < 0.9 && r.debt >= 2.0 && r.debt < 0.9 * limit_) {
      burst_ = std::max(1.0, 0.9 * (r.debt - 1.0));
      burst_hold_ = burst_hold_ == clock::duration{}
                        ? clock::duration{6 * window_}
                        : std::min<clock::duration>(2 * burst_hold_, 48 * window_);
      burst_since_ = now;
      return;
    }
    if (share < 0.75)
      limit_ = std::max(0.5 * limit_, 0.95 * r.counted);
    else
      limit_ *= 1.0 - (0.02 + 0.10 * limit_ / quota_);
    limit_ = std::max(limit_, 1.0);
  }

  /// Growth, by the time that has passed.
  void advance(time_point now) noexcept {
    if (now - grown_to_ < window_ / 60) return;
    if (limit_ < ceiling_ && now - held_at_ < window_ / 4) {
      const double windows = std::chrono::duration<double>(now - grown_to_) / window_;
      limit_ = std::min(ceiling_, limit_ + step_ * std::min(windows, 0.1));
    }
    grown_to_ = now;
    if (now - clean_since_ >= window_) {
      step_ = std::min(2 * step_, 0.1 * quota_);
      clean_since_ = now;
    }
    if (burst_ < quota_ && now - burst_since_ >= burst_hold_) {
      burst_ *= 2;
      burst_since_ = now;
      if (burst_ >= quota_) burst_ = std::numeric_limits<double>::infinity();
    }
  }

 private:
  static constexpr double first_step = 0.005;

  double quota_;
  std::chrono::milliseconds window_;
  double ceiling_;
  double limit_;
  double step_;
  double burst_ = std::numeric_limits<double>::infinity();
  clock::duration burst_hold_{};
  time_point burst_since_{};
  time_point grown_to_{};
  time_point clean_since_{};
  time_point held_at_{};
};

}  // namespace ephemint::core
