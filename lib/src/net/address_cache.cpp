#include "net/address_cache.hpp"

#include <utility>

namespace ephemint::net {

void address_cache::store(clock::time_point now, lookup_result result) {
  fresh_until_ = now + (result.found.empty() ? failure_life : success_life);
  problem_ = std::move(result.problem);
  if (!result.found.empty()) last_found_ = std::move(result.found);
}

std::optional<lookup_result> address_cache::fresh(clock::time_point now) const {
  if (now >= fresh_until_) return std::nullopt;
  if (last_found_.empty()) return lookup_result{{}, problem_};
  return lookup_result{last_found_, {}};
}

}  // namespace ephemint::net
