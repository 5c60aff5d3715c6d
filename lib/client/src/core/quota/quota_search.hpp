#pragma once

#include "core/quota/refusal.hpp"

#include <ephemint/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace ephemint::inline v0::core {

/// L of a quota that nobody declared: looks for the server's, and follows it up and down.
///
/// L stays just under the last refused level for a while, then walks over it; if nothing is refused there,
/// the old level is wrong and L grows by e^2 a window until it meets the next refusal, whose count is the new
/// level. So a quota that trebled is found within a minute of the next walk, at the price of one 429.
///
/// How often to walk: a walk costs the pause p of its 429, waiting T costs growth unused for T / 2. The sum
/// is least at T proportional to sqrt(p) (the square-root law of checkpointing: Young, CACM 17(9), 1974).
class quota_search {
 public:
  using time_point = clock::time_point;
  using seconds = std::chrono::duration<double>;

  quota_search(double start, clock::duration window) : window_{window}, limit_{start} {}

  double permits() const noexcept { return limit_; }

  /// The server answers every 429 with a whole window's pause. After it every window is empty, so a full one
  /// may go at once, and as the next can't come for a window anyway, walking over the level then costs
  /// nothing.
  bool coarse() const noexcept { return coarse_; }

  /// On the way from a level that proved too low to one that isn't known.
  bool leaping() const noexcept { return refused_level_ > 0 && limit_ > 1.2 * refused_level_; }

  void on_refused(time_point now, const refusal& r, bool by_burst) noexcept {
    const bool expected = r.counted / limit_ >= 0.85;
    coarse_ = seconds{r.pause} >= 0.9 * seconds{window_};
    in_a_row_ = is_again(now, r) ? std::min(in_a_row_ + 1, 3) : 0;
    refused_level_ = by_burst || expected ? limit_ : level_of(r);
    if (!by_burst) limit_ = std::max(1.0, (1.0 - first_cut * std::exp2(in_a_row_)) * refused_level_);
    hold_ = std::clamp(6.0 * std::sqrt(seconds{r.pause} / seconds{window_}), 0.5, 6.0);
    // After a leap the count is a guess: look again soon.
    if (!expected && !coarse_) hold_ *= 0.4;
    refused_at_ = now;
    grown_to_ = now;
  }

  /// Growth, only while L (`wanted`) is what holds the sending up. `free`: a walk costs nothing now.
  void advance(time_point now, bool wanted, bool free, double in_window) noexcept {
    const double windows = std::min(0.1, seconds{now - grown_to_} / seconds{window_});
    grown_to_ = now;
    if (!wanted) return;
    if (refused_at_ == time_point{}) {  // the first wait: what was told is trusted for one window
      refused_at_ = now;
      hold_ = 1;
    }
    if (!free && seconds{now - refused_at_} < hold_ * seconds{window_}) return;
    const double pace = limit_ < 1.03 * refused_level_ ? 0.6 : 2.0;
    // Three times what the window really holds: the level found is a count, so more would only be a herd.
    limit_ = std::min({most, std::max(limit_, 3 * in_window), limit_ * std::exp(pace * windows)});
  }

 private:
  static constexpr double first_cut = 0.015;
  static constexpr double most = 1e6;  // what a quota may be declared as

  /// An even flow was refused, and soon after the last time, or after what was told was first walked over: a
  /// window aligned to the server's clock counts other requests than a sliding one, so the level is a guess
  /// there, up to a tenth too high. Small cuts that cost a window's pause each find it slower than doubled
  /// ones (W6 on such servers: 0.71 -> 0.78).
  bool is_again(time_point now, const refusal& r) const noexcept {
    return coarse_ && r.debt < 0.35 * limit_ && r.span >= 0.5 && refused_at_ != time_point{} &&
           seconds{now - refused_at_} < 3 * seconds{window_};
  }

  /// The count, but it lags behind a growing L, and says least of a window that was sent in only in part.
  double level_of(const refusal& r) const noexcept {
    return std::max(r.counted, (r.span < 0.9 ? 0.3 : 0.5) * limit_);
  }

  clock::duration window_;
  double limit_;
  double hold_ = 0;  // windows
  double refused_level_ = 0;
  bool coarse_ = false;
  int in_a_row_ = 0;
  time_point refused_at_{};
  time_point grown_to_{};
};

}  // namespace ephemint::inline v0::core
