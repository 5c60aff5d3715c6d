#include "core/quota/burst_learner.hpp"

#include <algorithm>
#include <chrono>

namespace ephemint::inline v0::core {

void burst_learner::on_refused(time_point now, const refusal& r, double cost) noexcept {
  size_ = std::max(1.0, std::min(size_, 0.9 * (r.debt - 1.0)));
  hold_ = std::clamp(2 * hold_, 6 * cost, 48 * cost);
  since_ = now;
}

void burst_learner::advance(time_point now, duration window, double limit) noexcept {
  using seconds = std::chrono::duration<double>;
  if (size_ == unbounded || seconds{between(now, since_)} < hold_ * seconds{window}) return;
  size_ *= 2;
  since_ = now;
  if (size_ >= limit) size_ = unbounded;
}

}  // namespace ephemint::inline v0::core
