#pragma once

#include <ephemint/quota.hpp>

namespace ephemint::inline v0::detail {

/// Throws `std::invalid_argument`, naming `rate`, if a quota is out of range.
void check_quota(const quota&);

}  // namespace ephemint::inline v0::detail
