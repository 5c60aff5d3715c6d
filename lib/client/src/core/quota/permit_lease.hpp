#pragma once

#include "core/time.hpp"

#include <ephemint/mint_request.hpp>

#include <cstddef>

namespace ephemint::inline v0::core {

/// The source of a count's permits when the window isn't its own: a leased share of a quota that others use
/// too. The count keeps all its other rules: the pause, the waiting line, the limit in flight, the burst.
class permit_lease {
 public:
  permit_lease(const permit_lease&) = delete;
  permit_lease& operator=(const permit_lease&) = delete;

  /// Makes room to record one more permit. Throws `std::bad_alloc`; then nothing has changed.
  virtual void make_room() = 0;
  /// When the permit after `ahead` others will be available. `advance` must have been called for `now`.
  virtual time_point room(time_point now, priority, std::size_t ahead) const noexcept = 0;
  virtual void advance(time_point now) noexcept = 0;

  virtual void on_taken(time_point now, priority) noexcept = 0;
  virtual void on_given_back(time_point now, priority) noexcept = 0;
  /// The request of a permit is charged at `charged_at`, which may still be in the future.
  virtual void on_charged(time_point now, time_point charged_at) noexcept = 0;

  /// The even flow, in permits a window.
  virtual double flow() const noexcept = 0;
  /// Whether the background's permits are paced by the lease already.
  virtual bool paces() const noexcept = 0;
  /// Requests in the last window of all processes that share the quota, as far as known.
  virtual double counted() const noexcept = 0;
  /// Whether this process may raise the limit after a window without refusals: only one of those that share
  /// the quota does.
  virtual bool may_grow() const noexcept = 0;

 protected:
  permit_lease() = default;
  ~permit_lease() = default;
};

}  // namespace ephemint::inline v0::core
