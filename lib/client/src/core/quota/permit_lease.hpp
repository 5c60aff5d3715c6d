#pragma once

#include "core/time.hpp"

#include <ephemint/mint_request.hpp>

#include <cstddef>

namespace ephemint::inline v0::core {

/// Where a count's permits come from when its window isn't its own: a share, had on terms, of a quota that
/// others use too. The count keeps all its other rules: the pause, the line, what may be in flight, the
/// burst.
class permit_lease {
 public:
  permit_lease(const permit_lease&) = delete;
  permit_lease& operator=(const permit_lease&) = delete;

  /// Room to note what becomes of one more permit. Throws `std::bad_alloc`; then nothing has changed.
  virtual void make_room() = 0;
  /// When the permit after `ahead` others is there; what time alone ends has ended by `advance`.
  virtual time_point room(time_point now, priority, std::size_t ahead) const noexcept = 0;
  virtual void advance(time_point now) noexcept = 0;

  virtual void on_taken(time_point now, priority) noexcept = 0;
  virtual void on_given_back(time_point now, priority) noexcept = 0;
  /// The request of a permit counts as sent at that time, which may be still to come.
  virtual void on_charged(time_point now, time_point charged_at) noexcept = 0;

  /// Permits a window that may be sent at in an even flow.
  virtual double flow() const noexcept = 0;
  /// Whether the background's permits come in an even flow already.
  virtual bool paces() const noexcept = 0;
  /// Requests of all who share the quota in the last window, as far as is known.
  virtual double counted() const noexcept = 0;
  /// Whether what is learned from a window that isn't refused, is ours to learn: one of all who share does.
  virtual bool may_grow() const noexcept = 0;

 protected:
  permit_lease() = default;
  ~permit_lease() = default;
};

}  // namespace ephemint::inline v0::core
