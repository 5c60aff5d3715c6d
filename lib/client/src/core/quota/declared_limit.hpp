#pragma once

#include "core/quota/refusal.hpp"

#include <ephemint/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

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
  using time_point = clock::time_point;
  using seconds = std::chrono::duration<double>;

  declared_limit(double quota, clock::duration window) : quota_{quota}, window_{window}, limit_{quota} {}

  double permits() const noexcept { return limit_; }

  void on_refused(time_point now, const refusal& r) noexcept {
    const double cost = r.cost(window_);
    const bool alone = limit_ >= alone_from * quota_;
    const bool known_level = refused_level_ > 0 && std::abs(limit_ / refused_level_ - 1.0) < 0.06;
    in_a_row_ = refused_level_ > 0 && now - refused_at_ < 3 * window_ ? in_a_row_ + 1 : 0;
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

  /// A 429 that a burst explains: L stays, but its growth begins anew.
  void started_over(time_point now) noexcept {
    grown_to_ = now;
    clean_since_ = now;
    if (!shared_) step_ = first_step * quota_;
  }

  /// Growth, only while L (`wanted`) is what holds the sending up.
  void advance(time_point now, bool wanted) noexcept {
    const bool held = refused_level_ > 0 && seconds{now - refused_at_} < hold_ * seconds{window_};
    if (wanted && limit_ < quota_) {
      double top = quota_;
      if (held && !shared_) top = std::min(top, std::max(limit_, just_under * refused_level_));
      const double windows = seconds{now - grown_to_} / seconds{window_};
      limit_ = std::min(top, limit_ + step_ * std::min(windows, 0.1));
    }
    grown_to_ = now;
    if (now - clean_since_ < window_) return;
    clean_since_ = now;
    if (!held || !shared_) step_ = std::min(2 * step_, fastest * quota_);
  }

 private:
  static constexpr double alone_from = 0.9;    // of the quota
  static constexpr double just_under = 0.985;  // of a refused level
  static constexpr double first_step = 0.005;  // of the quota a window, doubled by each clean one
  static constexpr double fastest = 0.1;       // of the quota a window

  double decreased(const refusal& r, bool alone) const noexcept {
    const double share = r.counted / limit_;
    // A full window, and far less in it than we thought allowed: others are there, and many.
    if (share < 0.75 * r.span) return std::max(0.5 * limit_, 0.95 * r.counted);
    // At the start nobody can know. Once is forgiven (windows of ten seconds do this), a second time is
    // others.
    if (share < 0.75) return limit_ * (in_a_row_ == 0 ? 0.985 : 0.5);
    const double part = limit_ / quota_;
    const double first = alone ? 0.015 : 0.02 + 0.16 * part;
    return limit_ * (1.0 - std::min(first * std::exp2(std::min(in_a_row_, 8)), 0.02 + 0.30 * part));
  }

  double quota_;
  clock::duration window_;
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
