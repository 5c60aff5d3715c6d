#include "core/quota/reserve.hpp"

#include <algorithm>
#include <cmath>

namespace ephemint::inline v0::core {

void foreground_reserve::on_foreground(time_point now, double logins) noexcept {
  weight_ = decayed(now) + logins;
  as_of_ = std::max(as_of_, now);
}

double foreground_reserve::permits(time_point now, double limit) const noexcept {
  if (weight_ <= 0) return 0;
  const double expected = decayed(now) / memory.count() * horizon.count();
  if (expected < 0.02) return 0;
  return std::min(expected + 2.0 * std::sqrt(expected), limit / 2);
}

double foreground_reserve::decayed(time_point now) const noexcept {
  const std::chrono::duration<double> passed = std::max(duration{}, between(now, as_of_));
  return weight_ * std::exp(-passed.count() / memory.count());
}

}  // namespace ephemint::inline v0::core
