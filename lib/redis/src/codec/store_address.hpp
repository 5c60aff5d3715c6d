#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0::redis {

/// The address of one server.
struct store_address {
  std::string host;  ///< a name, or an address without brackets
  std::uint16_t port = 6379;

  /// `host:port`, an IPv6 address in brackets.
  std::string text() const;

  friend bool operator==(const store_address&, const store_address&) = default;
};

/// The address of another server, as a server gave it, checked; none if it isn't valid.
///
/// `port`: digits. The host is a name or an address.
std::optional<store_address> address_of(std::string_view host, std::string_view port);

/// `host:port` in the form of a Cluster redirection: an IPv6 address has no brackets, and if the host is
/// missing or `?`, it is that of the server that sent it.
std::optional<store_address> redirected_to(std::string_view host_and_port, std::string_view said_by);

}  // namespace ephemint::inline v0::redis
