#pragma once

#include "core/quota/burst_learner.hpp"
#include "core/quota/declared_limit.hpp"
#include "core/quota/quota_search.hpp"
#include "core/quota/refusal.hpp"

#include <ephemint/clock.hpp>
#include <ephemint/quota.hpp>

#include <algorithm>

namespace ephemint::inline v0::core {

/// Learns the two numbers that the server doesn't tell: L, permits a window, and b, the burst.
///
/// They are learned apart because servers of one rate differ in their burst (a small bucket, windows of ten
/// seconds), and a single number gives one of them away (governor.md: learning b is worth 0.33 -> 0.97 on a
/// bucket of 10).
class quota_learner {
 public:
  using time_point = clock::time_point;

  explicit quota_learner(const quota& q)
      : start_{static_cast<double>(q.requests())},
        window_{q.window()},
        learned_{q.how() == quota::mode::learned},
        now_{{start_, window_}, {start_, window_}, {}},
        before_{now_} {}

  double limit() const noexcept { return learned_ ? now_.search.permits() : now_.declared.permits(); }
  double burst() const noexcept { return now_.burst.size(); }
  bool learned_anything() const noexcept { return limit() != start_ || burst() < start_; }

  /// A whole window's permits may go at once after a pause (see `quota_search::coarse`).
  bool may_release_at_once() const noexcept { return learned_ && now_.search.coarse() && burst() >= limit(); }

  /// The limit, and nothing else, made somebody wait.
  void on_held_back(time_point now) noexcept { held_at_ = now; }

  void on_refused(time_point now, const refusal& r) noexcept {
    before_ = now_;
    const double share = r.counted / limit();
    bool by_burst = burst_learner::explains(r);
    // A search overshoots by itself, and a leap by far: a burst is to blame only if it was small beside the
    // limit.
    if (learned_) by_burst = by_burst && share < 0.85 && r.debt < 0.35 * limit() && !now_.search.leaping();
    if (by_burst) now_.burst.on_refused(now, r, r.cost(window_));
    advanced_to_ = now;
    if (learned_) return now_.search.on_refused(now, r, by_burst);
    // A burst on top of a full window: either may have been too much.
    if (!by_burst || share >= 0.9) return now_.declared.on_refused(now, r);
    now_.declared.started_over(now);
  }

  /// The last 429 was no count of the server's: what it taught is taken back.
  void forget_last() noexcept { now_ = before_; }

  /// Growth, by the time that has passed. `in_window`: charged in the last window.
  void advance(time_point now, double in_window) noexcept {
    if (now - advanced_to_ < window_ / 60) return;
    advanced_to_ = now;
    const bool wanted = held_at_ != time_point{} && now - held_at_ < window_ / 4;
    if (learned_)
      now_.search.advance(now, wanted, may_release_at_once(), in_window);
    else
      now_.declared.advance(now, wanted);
    now_.burst.advance(now, window_, start_);
  }

 private:
  struct knowledge {
    declared_limit declared;
    quota_search search;
    burst_learner burst;
  };

  double start_;
  clock::duration window_;
  bool learned_;
  knowledge now_;
  knowledge before_;  // the last 429
  time_point held_at_{};
  time_point advanced_to_{};
};

}  // namespace ephemint::inline v0::core
