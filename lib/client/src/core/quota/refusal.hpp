#pragma once

#include "core/time.hpp"

#include <chrono>

namespace ephemint::inline v0::core {

/// What one 429 says about the quota.
struct refusal {
  duration pause{};    ///< that it costs
  double counted = 0;  ///< requests admitted in the window that the server must have meant
  double span = 1;     ///< how much of that window there was sending in, as a share of it
  double debt = 0;     ///< of the burst bucket when the refused request was sent

  /// The weight of one more such refusal, from 1: a pause of a tenth of a window doubles it. Caution is
  /// measured by it, so that a server whose every 429 costs a minute is asked for more less often
  /// (worth 0.75 -> 0.89 of what such a server admits).
  double cost(duration window) const noexcept {
    return 1.0 + 10.0 * std::chrono::duration<double>(pause) / std::chrono::duration<double>(window);
  }
};

}  // namespace ephemint::inline v0::core
