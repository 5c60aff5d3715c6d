#pragma once

#include <ephemint/gateway/bearer.hpp>

#include <span>
#include <string_view>

// Who may ask the backend listener.

namespace ephemint::inline v0::gateway {

/// Throws `std::invalid_argument` unless each bearer is valid, no two have the same name, and there is one if
/// `needed`.
void check_bearers(std::span<const bearer>, bool needed);

/// The bearer with that token; null: none. Takes the same time for every token.
const bearer* find_bearer(std::span<const bearer>, std::string_view token);

/// Whether the bearer may ask for logins of that account.
bool may_ask_for(const bearer&, std::string_view account) noexcept;

/// Whether a `Host` names the listener at `address`, which has the form of `server_addresses`. For a Unix
/// socket that is `localhost`; for TCP the numeric address or `localhost`, with the port. A web page whose
/// name was made to resolve to this machine (DNS rebinding) sends that name instead.
bool is_own_host(std::string_view host, std::string_view address) noexcept;

}  // namespace ephemint::inline v0::gateway
