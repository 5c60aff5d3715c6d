#include "net/dial/address_cache.hpp"

#include <algorithm>
#include <utility>

namespace ephemint::inline v0::net {

void address_cache::store(clock::time_point now, lookup_result result) {
  problem_ = std::move(result.problem);
  if (!result.found.empty()) {
    fresh_until_ = now + life_;
    last_found_ = std::move(result.found);
    next_failure_life_ = first_failure_life;
  } else if (!last_found_.empty()) {
    fresh_until_ = now + failure_life;
  } else {
    fresh_until_ = now + next_failure_life_;
    next_failure_life_ = std::min(2 * next_failure_life_, failure_life);
  }
}

void address_cache::doubt() noexcept {
  if (problem_.empty()) fresh_until_ = clock::time_point::min();
}

lookup_result address_cache::latest() const {
  return last_found_.empty() ? lookup_result{{}, problem_} : lookup_result{last_found_, {}};
}

std::optional<lookup_result> address_cache::fresh(clock::time_point now) const {
  return now < fresh_until_ ? std::optional{latest()} : std::nullopt;
}

}  // namespace ephemint::inline v0::net
