#include "core/quota/quota_learner.hpp"

namespace ephemint::inline v0::core {

quota_learner::quota_learner(const quota& q)
    : start_{static_cast<double>(q.requests())},
      window_{q.window()},
      learned_{q.how() == quota::mode::automatic},
      now_{{start_, window_}, {start_, window_}, {}},
      before_{now_} {}

bool quota_learner::learned_anything() const noexcept { return limit() != start_ || burst() < start_; }

bool quota_learner::may_release_at_once() const noexcept {
  return learned_ && now_.search.coarse() && burst() >= limit();
}

void quota_learner::on_refused(time_point now, const refusal& r) noexcept {
  before_ = now_;
  const double share = r.counted / limit();
  bool by_burst = burst_learner::explains(r);
  // A search overshoots by nature, and a leap by a lot: a burst is to blame only if it was small compared
  // with the limit.
  if (learned_) by_burst = by_burst && share < 0.85 && r.debt < 0.35 * limit() && !now_.search.leaping();
  if (by_burst) now_.burst.on_refused(now, r, r.cost(window_));
  advanced_to_ = now;
  if (learned_) return now_.search.on_refused(now, r, by_burst);
  // A burst on top of a full window: either may be the cause.
  if (!by_burst || share >= 0.9) return now_.declared.on_refused(now, r);
  now_.declared.started_over(now);
}

void quota_learner::advance(time_point now, double in_window) noexcept {
  if (between(now, advanced_to_) < window_ / 60) return;
  advanced_to_ = now;
  const bool wanted = held_at_ != time_point{} && between(now, held_at_) < window_ / 4;
  if (learned_)
    now_.search.advance(now, wanted, may_release_at_once(), in_window);
  else
    now_.declared.advance(now, wanted);
  now_.burst.advance(now, window_, start_);
}

}  // namespace ephemint::inline v0::core
