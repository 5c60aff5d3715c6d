#pragma once

#include <ephemint/quota.hpp>
#include <ephemint/rate_governor.hpp>

#include <cstdint>
#include <memory>

namespace ephemint::inline v0::core {

/// The governor of one process. The quota must be in range. Throws `std::bad_alloc`.
std::shared_ptr<rate_governor> make_local_governor(const quota&, quota_scope, std::uint64_t seed);

}  // namespace ephemint::inline v0::core
