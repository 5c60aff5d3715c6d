#pragma once

#include "core/quota/refusal.hpp"
#include "core/time.hpp"

namespace ephemint::inline v0::core {

/// L (permits a window) of a declared quota: never above the quota, and below it when the server's 429s
/// demand that.
///
/// Two situations look alike at first. *Alone*: the server counts a little stricter than a sliding log. A cut
/// of 1.5 % ends the 429s, and L then stays just under the refused level for a hold, which doubles each time
/// the same level is refused again. *Shared* (L under nine tenths of the quota): other processes use the key,
/// or too much was declared. Every process increases L by the same amount and decreases it by a share of its
/// own L, which leads processes without coordination to equal shares (Chiu and Jain, "Analysis of the
/// increase and decrease algorithms", 1989).
class declared_limit {
 public:
  declared_limit(double quota, duration window) : quota_{quota}, window_{window}, limit_{quota} {}

  double permits() const noexcept { return limit_; }

  void on_refused(time_point now, const refusal& r) noexcept;
  /// Takes over what others who share the quota have learned.
  void adopt(double limit) noexcept;
  /// A burst explains this 429: L stays, but its growth begins anew.
  void started_over(time_point now) noexcept;
  /// Lets L grow, but only while L is what limits sending (`wanted`).
  void advance(time_point now, bool wanted) noexcept;

 private:
  static constexpr double alone_from = 0.9;    // of the quota
  static constexpr double just_under = 0.985;  // of a refused level
  static constexpr double first_step = 0.005;  // of the quota per window; doubled after a clean window
  static constexpr double fastest = 0.1;       // of the quota per window

  double decreased(const refusal& r, bool alone) const noexcept;

  double quota_;
  duration window_;
  double limit_;
  double step_ = first_step * quota_;
  double hold_ = 0;  // windows
  double refused_level_ = 0;
  int in_a_row_ = 0;
  bool shared_ = false;
  time_point refused_at_{};
  time_point grown_to_{};
  time_point clean_since_{};
};

}  // namespace ephemint::inline v0::core
