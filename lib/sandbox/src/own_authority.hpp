#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ephemint::inline v0::sandbox {

/// Host and port of this server's own URLs, for a client that sent this `Host`. Where that is a name which
/// the certificate holds for, it stays: the client believes no other, and its browser may reach no other.
/// With any port: there may be a mapping before ours. Else `localhost` and `port`.
std::string own_authority(std::string_view host, std::uint16_t port);

}  // namespace ephemint::inline v0::sandbox
