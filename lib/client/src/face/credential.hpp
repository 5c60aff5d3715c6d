#pragma once

#include <ephemint/credential.hpp>

namespace ephemint::inline v0::detail {

/// Throws `std::invalid_argument` that names `api_key`: says where the key is wrong, and nothing of what is
/// in it.
void check_key(const secret& key);

}  // namespace ephemint::inline v0::detail
