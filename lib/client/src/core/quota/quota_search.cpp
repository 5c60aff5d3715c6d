#include "core/quota/quota_search.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace ephemint::inline v0::core {

using seconds = std::chrono::duration<double>;

void quota_search::on_refused(time_point now, const refusal& r, bool by_burst) noexcept {
  const bool expected = r.counted / limit_ >= 0.85;
  coarse_ = seconds{r.pause} >= 0.9 * seconds{window_};
  in_a_row_ = is_again(now, r) ? std::min(in_a_row_ + 1, 3) : 0;
  refused_level_ = by_burst || expected ? limit_ : level_of(r);
  if (!by_burst) limit_ = std::max(1.0, (1.0 - first_cut * std::exp2(in_a_row_)) * refused_level_);
  hold_ = std::clamp(6.0 * std::sqrt(seconds{r.pause} / seconds{window_}), 0.5, 6.0);
  // After a leap the count is a guess: try again soon.
  if (!expected && !coarse_) hold_ *= 0.4;
  refused_at_ = now;
  grown_to_ = now;
}

void quota_search::advance(time_point now, bool wanted, bool free, double in_window) noexcept {
  const double windows = std::min(0.1, seconds{between(now, grown_to_)} / seconds{window_});
  grown_to_ = now;
  if (!wanted) return;
  if (refused_at_ == time_point{}) {  // the first wait: the given quota is trusted for one window
    refused_at_ = now;
    hold_ = 1;
  }
  if (!free && seconds{between(now, refused_at_)} < hold_ * seconds{window_}) return;
  const double pace = limit_ < 1.03 * refused_level_ ? 0.6 : 2.0;
  // At most three times what the window holds: the level that is found is a count of what was sent, so a
  // higher L would only be refused.
  limit_ = std::min({most, std::max(limit_, 3 * in_window), limit_ * std::exp(pace * windows)});
}

/// Whether an even flow was refused soon after the last refusal, or soon after L first exceeded the given
/// quota. A window aligned to the server's clock counts other requests than a sliding one, so there the level
/// is a guess, up to a tenth too high. If each cut costs a window's pause, doubled cuts find it faster than
/// small ones (with a quota that changes at run time, on such servers: 0.71 -> 0.78).
bool quota_search::is_again(time_point now, const refusal& r) const noexcept {
  return coarse_ && r.debt < 0.35 * limit_ && r.span >= 0.5 && refused_at_ != time_point{} &&
         seconds{between(now, refused_at_)} < 3 * seconds{window_};
}

/// The count. But it lags behind a growing L, and says little if requests were sent in only a part of the
/// window.
double quota_search::level_of(const refusal& r) const noexcept {
  return std::max(r.counted, (r.span < 0.9 ? 0.3 : 0.5) * limit_);
}

}  // namespace ephemint::inline v0::core
