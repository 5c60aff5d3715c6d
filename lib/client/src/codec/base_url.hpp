#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ephemint::inline v0::detail {

/// A base URL, taken apart.
struct base_url {
  /// Lower case; an IPv6 address without brackets, in its shortest form; a name without its final dot,
  /// because no certificate has that dot, and servers and proxies don't expect it in `Host`.
  std::string host;
  bool is_absolute = false;  ///< the name had a final dot: it is looked up without search domains
  bool is_ipv6 = false;
  bool is_loopback = false;  ///< `localhost` and names under it, 127.0.0.0/8, ::1
  std::uint16_t port = 443;
  std::string prefix;  ///< the path without its last `/`, percent-encodings unchanged; empty: none

  /// `host`, with the port unless it is 443.
  std::string host_header() const;
};

/// Fills `out` from `https://host[:port][/prefix]`. Null if that worked; otherwise what is wrong and what is
/// right, as text that follows the URL in a message.
const char* parse_base_url(std::string_view text, base_url& out);

/// The same for a proxy's URL, `http://host:port`. Proxies have no agreed default port, so the port is
/// required.
const char* parse_proxy_url(std::string_view text, base_url& out);

/// Whether `text` is a host name of letters, digits, `-` and `_` (RFC 1123, plus `_`, which resolves in
/// practice), and can't be mistaken for an unusual form of an IPv4 address.
bool is_host_name(std::string_view text) noexcept;

bool is_ipv4_address(std::string_view text) noexcept;

}  // namespace ephemint::inline v0::detail
