#pragma once

#include "core/time.hpp"

#include <chrono>

namespace ephemint::inline v0::core {

/// What one 429 says about the quota.
struct refusal {
  duration pause{};    ///< the pause that it costs
  double counted = 0;  ///< requests admitted in the window that the server must have counted
  double span = 1;     ///< the share of that window in which requests were sent
  double debt = 0;     ///< the burst bucket's debt when the refused request was sent

  /// The weight of one more such refusal, from 1: a pause of a tenth of a window doubles it. The learners are
  /// more cautious the more a 429 costs: if each one costs a minute, they try for more less often (which
  /// raised the use of such a server from 0.75 to 0.89 of what it admits).
  double cost(duration window) const noexcept {
    return 1.0 + 10.0 * std::chrono::duration<double>(pause) / std::chrono::duration<double>(window);
  }
};

}  // namespace ephemint::inline v0::core
