#pragma once

#include "core/time.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace ephemint::inline v0::redis {

/// What a member may send while the store can't say.
///
/// A slot of the quota is always somebody's: who charged it last, or held it. Whoever goes on with those that
/// are surely its own, and reuses each as it leaves the window, takes nothing from others who do the same.
/// After a window everybody may have an equal part, as what was above one has left the window by then.
class own_share {
 public:
  /// `slots`: that are surely ours.
  void begin(core::time_point now, core::duration window, double slots) noexcept {
    slots_ = slots;
    until_ = core::add(now, core::sum(window, settling));
  }
  /// Permits a window. `part`: an equal one of the quota.
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
