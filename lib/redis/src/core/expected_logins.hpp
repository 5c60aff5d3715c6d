#pragma once

#include "core/time.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>

namespace ephemint::inline v0::redis {

/// How many permits are kept for future logins, so that none waits for the store.
///
/// With m logins expected, m + 2 sqrt(m) permits are enough in 98 of 100 cases (logins come as a Poisson
/// process). The horizon is 2 s: the store is asked for more when half of the permits are left, a second
/// before they are used up.
class expected_logins {
 public:
  void on_login(core::time_point now) noexcept {
    weight_ = decayed(now) + 1.0;
    as_of_ = std::max(as_of_, now);
  }
  /// At least one, so that the first login of a quiet hour doesn't wait either.
  std::size_t spares(core::time_point now) const noexcept {
    const double expected = decayed(now) / memory.count() * horizon.count();
    return expected < 0.02 ? 1 : static_cast<std::size_t>(std::ceil(expected + 2.0 * std::sqrt(expected)));
  }

 private:
  static constexpr std::chrono::duration<double> memory{30.0};
  static constexpr std::chrono::duration<double> horizon{2.0};

  double decayed(core::time_point now) const noexcept {
    const std::chrono::duration<double> passed = std::max(core::duration{}, core::between(now, as_of_));
    return weight_ * std::exp(-passed.count() / memory.count());
  }

  double weight_ = 0;
  core::time_point as_of_{};
};

}  // namespace ephemint::inline v0::redis
