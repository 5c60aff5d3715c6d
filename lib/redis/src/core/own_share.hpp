#pragma once

#include "core/time.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace ephemint::inline v0::redis {

/// What a member may send while it can't ask the store.
///
/// Every slot of the quota belongs to the member that charged or held it last. If each member goes on with
/// the slots that are surely its own, and reuses each when it leaves the window, none takes anything from the
/// others. After a window each may use an equal part, as all uses beyond that part have left the window by
/// then.
class own_share {
 public:
  /// `slots`: the number of slots that are surely ours.
  void begin(core::time_point now, core::duration window, double slots) noexcept {
    slots_ = slots;
    until_ = core::add(now, core::sum(window, settling));
  }
  /// Permits a window. `part`: an equal part of the quota.
  double permits(core::time_point now, double part) const noexcept {
    const double equal = std::max(1.0, std::floor(part));
    return now < until_ ? std::min(slots_, equal) : equal;
  }

 private:
  // Not all lose the store at the same moment.
  static constexpr std::chrono::milliseconds settling{1500};

  double slots_ = 0;
  core::time_point until_{};
};

}  // namespace ephemint::inline v0::redis
