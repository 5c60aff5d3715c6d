#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0::redis {

/// Where one server is.
struct store_address {
  std::string host;  ///< a name or an address, this without brackets
  std::uint16_t port = 6379;

  /// `host:port`, an IPv6 address in brackets.
  std::string text() const;

  friend bool operator==(const store_address&, const store_address&) = default;
};

/// What a server says of where another one is, checked; none: that's no address.
///
/// `port`: digits. The host is a name or an address.
std::optional<store_address> address_of(std::string_view host, std::string_view port);

/// `host:port` as Cluster's redirections say it: an IPv6 address has no brackets, and where no host is named
/// (or `?`) it is that of whoever said it.
std::optional<store_address> redirected_to(std::string_view host_and_port, std::string_view said_by);

}  // namespace ephemint::inline v0::redis
