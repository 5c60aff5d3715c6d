#pragma once

#include <ephemint/account_id.hpp>

#include <string>

namespace ephemint::inline v0::detail {

/// Why this isn't a valid account, as one line that begins with `account`; empty if it is valid.
std::string check(const account_id&);

}  // namespace ephemint::inline v0::detail
