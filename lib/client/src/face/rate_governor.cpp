#include "core/outage/outage_guard.hpp"
#include "core/quota/local_governor.hpp"
#include "face/quota_check.hpp"

#include <ephemint/rate_governor.hpp>

#include <random>

namespace ephemint::inline v0 {
namespace {

std::uint64_t drawn_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

rate_governor::rate_governor() : outage_{std::make_shared<core::outage_guard>()} {}

quota_state rate_governor::state(clock::time_point) const noexcept { return {}; }

std::shared_ptr<rate_governor> make_rate_governor(quota q, quota_scope scope,
                                                  std::optional<std::uint64_t> seed) {
  detail::check_quota(q);
  return core::make_local_governor(q, scope, seed ? *seed : drawn_seed());
}

}  // namespace ephemint::inline v0
