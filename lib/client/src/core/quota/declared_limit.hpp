#pragma once

#include "core/quota/refusal.hpp"
#include "core/time.hpp"

namespace ephemint::inline v0::core {

/// L of a declared quota: never above it, and below it when the server says so.
///
/// Two situations look alike at first. *Alone*, with a server that counts a little stricter than a sliding
/// log: a cut of 1.5 % ends the 429s, and L stays just under the level that was refused for a hold that
/// doubles each time the same level is refused again. *Shared* (L under nine tenths of the quota: other
/// processes use the key, or too much was declared): increase by the same for all, decrease by a share of
/// one's own, which leads uncoordinated processes to equal shares (Chiu and Jain, "Analysis of the increase
/// and decrease algorithms", 1989).
class declared_limit {
 public:
  declared_limit(double quota, duration window) : quota_{quota}, window_{window}, limit_{quota} {}

  double permits() const noexcept { return limit_; }

  void on_refused(time_point now, const refusal& r) noexcept;
  /// What others who share the quota have learned.
  void adopt(double limit) noexcept;
  /// A 429 that a burst explains: L stays, but its growth begins anew.
  void started_over(time_point now) noexcept;
  /// Growth, only while L (`wanted`) is what holds the sending up.
  void advance(time_point now, bool wanted) noexcept;

 private:
  static constexpr double alone_from = 0.9;    // of the quota
  static constexpr double just_under = 0.985;  // of a refused level
  static constexpr double first_step = 0.005;  // of the quota a window, doubled by each clean one
  static constexpr double fastest = 0.1;       // of the quota a window

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
