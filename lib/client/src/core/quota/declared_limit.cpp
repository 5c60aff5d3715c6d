#include "core/quota/declared_limit.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace ephemint::inline v0::core {

using seconds = std::chrono::duration<double>;

void declared_limit::on_refused(time_point now, const refusal& r) noexcept {
  const double cost = r.cost(window_);
  const bool alone = limit_ >= alone_from * quota_;
  const bool known_level = refused_level_ > 0 && std::abs(limit_ / refused_level_ - 1.0) < 0.06;
  in_a_row_ = refused_level_ > 0 && between(now, refused_at_) < 3 * window_ ? in_a_row_ + 1 : 0;
  if (!alone)
    hold_ = 8 * cost;
  else
    hold_ = known_level ? std::clamp(2 * hold_, 4 * cost, 48 * cost) : 4 * cost;
  step_ = alone ? first_step * quota_ : 1.5 * first_step * quota_ / std::sqrt(cost);
  shared_ = !alone;
  refused_level_ = limit_;
  refused_at_ = now;
  limit_ = std::max(1.0, decreased(r, alone));
  started_over(now);
}

void declared_limit::adopt(double limit) noexcept { limit_ = std::clamp(limit, 1.0, quota_); }

void declared_limit::started_over(time_point now) noexcept {
  grown_to_ = now;
  clean_since_ = now;
  if (!shared_) step_ = first_step * quota_;
}

void declared_limit::advance(time_point now, bool wanted) noexcept {
  const bool held = refused_level_ > 0 && seconds{between(now, refused_at_)} < hold_ * seconds{window_};
  if (wanted && limit_ < quota_) {
    double top = quota_;
    if (held && !shared_) top = std::min(top, std::max(limit_, just_under * refused_level_));
    const double windows = seconds{between(now, grown_to_)} / seconds{window_};
    limit_ = std::min(top, limit_ + step_ * std::min(windows, 0.1));
  }
  grown_to_ = now;
  if (between(now, clean_since_) < window_) return;
  clean_since_ = now;
  if (!held || !shared_) step_ = std::min(2 * step_, fastest * quota_);
}

double declared_limit::decreased(const refusal& r, bool alone) const noexcept {
  const double share = r.counted / limit_;
  // The window was full with far fewer of our requests than we thought allowed: others use the key a lot.
  if (share < 0.75 * r.span) return std::max(0.5 * limit_, 0.95 * r.counted);
  // At the start of sending nothing is known. One refusal may come from a ten-second window; a second one in
  // a row means that others use the key.
  if (share < 0.75) return limit_ * (in_a_row_ == 0 ? 0.985 : 0.5);
  const double part = limit_ / quota_;
  const double first = alone ? 0.015 : 0.02 + 0.16 * part;
  return limit_ * (1.0 - std::min(first * std::exp2(std::min(in_a_row_, 8)), 0.02 + 0.30 * part));
}

}  // namespace ephemint::inline v0::core
