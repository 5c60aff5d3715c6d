#include "quota_accounts.hpp"

#include "core/random.hpp"

#include <cmath>

namespace ephemint::quota_world {

bool refusals::refuses_account(std::uint32_t account, std::uint64_t seed) const {
  if (share <= 0) return false;
  if (run == 0) {
    core::splitmix random{seed * 0x9e3779b97f4a7c15u + account};
    return random.unit() < share;
  }
  const auto period = static_cast<std::size_t>(std::lround(static_cast<double>(run) / share));
  return account % period >= period - run;
}

bool refusals::refuses_key(duration since_start) const {
  return revoked_at && since_start >= *revoked_at && !(restored_at && since_start >= *restored_at);
}

}  // namespace ephemint::quota_world
