#pragma once

#include <ephemint/gateway/bearer.hpp>

#include <span>
#include <string_view>

// Who may ask the backend listener.

namespace ephemint::inline v0::gateway {

/// Throws `std::invalid_argument` unless each of them is as `bearer` says, no two have one name, and there is
/// one if it is needed.
void check_bearers(std::span<const bearer>, bool needed);

/// Whose token this is; null: nobody's. It takes as long whoever it is.
const bearer* find_bearer(std::span<const bearer>, std::string_view token);

/// Whether it may ask for logins of that account.
bool may_ask_for(const bearer&, std::string_view account) noexcept;

/// Whether a `Host` is of the listener at `address`, which is as in `server_addresses`. On a Unix socket
/// `localhost` is; on TCP the numeric address and `localhost` are, with the port. A page whose name was made
/// to lead to this machine (DNS rebinding) calls it by that name.
bool is_own_host(std::string_view host, std::string_view address) noexcept;

}  // namespace ephemint::inline v0::gateway
