#pragma once

#include <ephemint/credential.hpp>

namespace ephemint::inline v0::detail {

/// Throws `std::invalid_argument`, naming `api_key`, if the key is invalid. The message says where the key is
/// wrong, but shows nothing of its content.
void check_key(const secret& key);

}  // namespace ephemint::inline v0::detail
