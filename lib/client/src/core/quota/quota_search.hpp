#pragma once

#include "core/quota/refusal.hpp"
#include "core/time.hpp"

namespace ephemint::inline v0::core {

/// L (permits a window) of a quota that wasn't declared: searches for the server's limit, and follows it up
/// and down.
///
/// L stays just under the last refused level for a while, then rises over it (a walk). If nothing is refused
/// there, the old level is wrong, and L grows by a factor of e^2 a window (a leap) until the next refusal,
/// whose count is the new level. So a quota that has tripled is found within a minute of the next walk, at
/// the price of one 429.
///
/// How often to walk: a walk costs the pause p of its 429; waiting for T leaves growth unused for T / 2 on
/// average. The sum is least if T is proportional to sqrt(p) (the square-root law of checkpointing: Young,
/// CACM 17(9), 1974).
class quota_search {
 public:
  quota_search(double start, duration window) : window_{window}, limit_{start} {}

  double permits() const noexcept { return limit_; }

  /// Whether every 429 of the server asks for a whole window's pause. After such a pause every window is
  /// empty, so a full window may go at once; and as the next one can't begin for a window anyway, a walk
  /// costs nothing then.
  bool coarse() const noexcept { return coarse_; }

  /// Whether L has left a level that proved too low, and the new level isn't known yet.
  bool leaping() const noexcept { return refused_level_ > 0 && limit_ > 1.2 * refused_level_; }

  void on_refused(time_point now, const refusal& r, bool by_burst) noexcept;
  /// Lets L grow, but only while L is what limits sending (`wanted`). `free`: a walk costs nothing now.
  void advance(time_point now, bool wanted, bool free, double in_window) noexcept;

 private:
  static constexpr double first_cut = 0.015;
  static constexpr double most = 1e6;  // the largest quota that may be declared

  bool is_again(time_point now, const refusal& r) const noexcept;
  double level_of(const refusal& r) const noexcept;

  duration window_;
  double limit_;
  double hold_ = 0;  // windows
  double refused_level_ = 0;
  bool coarse_ = false;
  int in_a_row_ = 0;
  time_point refused_at_{};
  time_point grown_to_{};
};

}  // namespace ephemint::inline v0::core
