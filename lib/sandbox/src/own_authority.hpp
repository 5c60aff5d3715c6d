#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ephemint::inline v0::sandbox {

/// Host and port of this server's own URLs, for a client that sent this `Host`. If the certificate is valid
/// for that host it is used, with any port, as ports may be mapped: the client trusts no other host, and its
/// browser may reach no other. Otherwise `localhost` and `port`.
std::string own_authority(std::string_view host, std::uint16_t port);

}  // namespace ephemint::inline v0::sandbox
