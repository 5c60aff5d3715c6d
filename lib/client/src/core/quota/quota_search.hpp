#pragma once

#include "core/quota/refusal.hpp"
#include "core/time.hpp"

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
  quota_search(double start, duration window) : window_{window}, limit_{start} {}

  double permits() const noexcept { return limit_; }

  /// The server answers every 429 with a whole window's pause. After it every window is empty, so a full one
  /// may go at once, and as the next can't come for a window anyway, walking over the level then costs
  /// nothing.
  bool coarse() const noexcept { return coarse_; }

  /// On the way from a level that proved too low to one that isn't known.
  bool leaping() const noexcept { return refused_level_ > 0 && limit_ > 1.2 * refused_level_; }

  void on_refused(time_point now, const refusal& r, bool by_burst) noexcept;
  /// Growth, only while L (`wanted`) is what holds the sending up. `free`: a walk costs nothing now.
  void advance(time_point now, bool wanted, bool free, double in_window) noexcept;

 private:
  static constexpr double first_cut = 0.015;
  static constexpr double most = 1e6;  // what a quota may be declared as

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
