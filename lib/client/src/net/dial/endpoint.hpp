#pragma once

#include <ephemint/secret.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0::net {

/// Which HTTP versions a server is offered by ALPN. `none`: no ALPN, for servers of another protocol, which
/// may refuse any offer.
enum class http_offer : std::uint8_t { both, http1, http2, none };

/// Whether this build can speak HTTP/2. One that can't offers HTTP/1.1 for `both`.
bool speaks_http2() noexcept;

/// An HTTP proxy through which a host is reached, by CONNECT.
struct proxy_settings {
  std::string host;  ///< as `endpoint_settings::host`
  std::uint16_t port = 0;
  std::shared_ptr<const secret> credentials = {};  ///< `user:password`; null: none
};

/// What is needed to reach one API host, copied from checked options.
struct endpoint_settings {
  std::string host;  ///< an IP literal without brackets, or a name; an absolute name ends with a dot
  std::uint16_t port = 443;
  bool system_authorities = true;
  std::string authority_file = {};
  std::string authority_pem = {};
  bool resume_sessions = true;
  http_offer http = http_offer::both;        ///< `http2` only if `speaks_http2()`
  std::uint32_t max_streams = 100;           ///< the most requests at once on an HTTP/2 connection
  std::optional<proxy_settings> proxy = {};  ///< none: direct connections
};

/// `host:port`, with an IPv6 address in brackets, and a name without its final dot.
std::string authority_of(std::string_view host, std::uint16_t port);

class endpoint;
class serial_gate;

/// Loads the authorities. Throws `std::invalid_argument`, naming the option, if a file or text has no
/// certificate, or if there is nothing at all to trust.
std::shared_ptr<endpoint> make_endpoint(const boost::asio::any_io_executor&, std::shared_ptr<serial_gate>,
                                        const endpoint_settings&);

}  // namespace ephemint::inline v0::net
