#pragma once

#include <ephemint/gateway/bearer.hpp>

#include <span>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// Whose token this is; null: nobody's. It takes as long whoever it is.
const bearer* find_bearer(std::span<const bearer>, std::string_view token);

/// Whether it may ask for logins of that account.
bool may_ask_for(const bearer&, std::string_view account) noexcept;

}  // namespace ephemint::inline v0::gateway
