#include "core/quota/burst_bucket.hpp"

#include <algorithm>
#include <chrono>

namespace ephemint::inline v0::core {

double burst_bucket::debt(time_point now, double rate) const noexcept {
  const double drained = std::chrono::duration<double>(between(now, as_of_)).count() * rate;
  return std::max(0.0, debt_ - std::max(0.0, drained));
}

time_point burst_bucket::earliest(time_point now, double rate, double size, double ahead) const noexcept {
  const double excess = debt(now, rate) + ahead + 1.0 - size;
  if (excess <= 1e-9) return now;
  // Rounded up, so that a client that asks at that time isn't a nanosecond early.
  return add(now, sum(whole(std::chrono::duration<double>(excess / rate)), duration{1}));
}

void burst_bucket::take(time_point now, double rate) noexcept {
  debt_ = debt(now, rate) + 1.0;
  as_of_ = std::max(as_of_, now);
}

void burst_bucket::put_back() noexcept { debt_ = std::max(0.0, debt_ - 1.0); }

}  // namespace ephemint::inline v0::core
