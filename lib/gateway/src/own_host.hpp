#pragma once

#include <string_view>

namespace ephemint::inline v0::gateway {

/// Whether a `Host` is of the listener at `address`, which is as in `server_addresses`. On a Unix socket
/// `localhost` is; on TCP the numeric address and `localhost` are, with the port. A page whose name was made
/// to lead to this machine (DNS rebinding) calls it by that name.
bool is_own_host(std::string_view host, std::string_view address) noexcept;

}  // namespace ephemint::inline v0::gateway
