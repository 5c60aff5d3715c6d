#pragma once

#include <ephemint/gateway/server_options.hpp>

#include <span>

namespace ephemint::inline v0::gateway {

/// Throws `std::invalid_argument` unless each of them is as `bearer` says, no two have one name, and there is
/// one if it is needed.
void check_bearers(std::span<const bearer>, bool needed);

}  // namespace ephemint::inline v0::gateway
