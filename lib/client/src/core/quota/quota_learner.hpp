#pragma once

#include "core/quota/burst_learner.hpp"
#include "core/quota/declared_limit.hpp"
#include "core/quota/quota_search.hpp"
#include "core/quota/refusal.hpp"
#include "core/time.hpp"

#include <ephemint/quota.hpp>

namespace ephemint::inline v0::core {

/// Learns the two numbers that the server doesn't tell: L, the permits a window, and b, the burst.
///
/// They are learned separately because servers of the same rate differ in their burst (a small bucket,
/// windows of ten seconds), and a single number can't fit both. Learning b raises the share of logins in time
/// from 0.33 to 0.97 on a bucket of 10.
class quota_learner {
 public:
  explicit quota_learner(const quota& q);

  double limit() const noexcept { return learned_ ? now_.search.permits() : now_.declared.permits(); }
  double burst() const noexcept { return now_.burst.size(); }
  bool learned_anything() const noexcept;
  /// Whether a whole window's permits may go at once after a pause (see `quota_search::coarse`).
  bool may_release_at_once() const noexcept;

  /// Only the limit made a request wait.
  void on_held_back(time_point now) noexcept { held_at_ = now; }
  void on_refused(time_point now, const refusal& r) noexcept;
  /// Takes over the L that others who share the quota have learned.
  void adopt(double limit) noexcept { now_.declared.adopt(limit); }
  /// The last 429 didn't come from counting: forgets what it taught.
  void forget_last() noexcept { now_ = before_; }

  /// When a request last had to wait; `time_point{}` if none has.
  time_point held_at() const noexcept { return held_at_; }
  /// The time up to which `advance` has let the limits grow. Before the first 429 and the first wait it knows
  /// nothing else.
  time_point advanced_to() const noexcept { return advanced_to_; }

  /// Lets the limits grow with the time that has passed. `in_window`: permits charged in the last window.
  void advance(time_point now, double in_window) noexcept;

 private:
  struct knowledge {
    declared_limit declared;
    quota_search search;
    burst_learner burst;
  };

  double start_;
  duration window_;
  bool learned_;
  knowledge now_;
  knowledge before_;  // before the last 429
  time_point held_at_{};
  time_point advanced_to_{};
};

}  // namespace ephemint::inline v0::core
