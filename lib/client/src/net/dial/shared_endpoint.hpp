#pragma once

#include "net/dial/endpoint.hpp"
#include "net/dial/reactor_mark.hpp"
#include "net/dial/resolver.hpp"
#include "net/dial/tls.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/query.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace ephemint::inline v0::net {

class http2_stock;

/// What all connections of a client share, inside its gate. Clients share none of it but the basis, as
/// sessions and addresses were found with this client's settings and for its key.
class endpoint {
 public:
  endpoint(const boost::asio::any_io_executor& executor, std::shared_ptr<serial_gate> gate,
           const endpoint_settings& settings, lookup_function lookup = &system_lookup)
      : tls{settings, service_of<tls_bases>(executor).find(settings)},
        host{tls.host()},
        port{settings.port},
        max_streams{settings.max_streams},
        only_http2{settings.http == http_offer::http2},
        proxy{settings.proxy},
        called{proxy ? host + " (through the proxy " + authority_of(proxy->host, proxy->port) + ')' : host},
        names{std::make_shared<resolver>(executor, std::move(gate), proxy ? proxy->host : settings.host,
                                         std::move(lookup))} {
    // The context's first socket creates its reactor. That can fail, but must not fail in a dial.
    const boost::asio::ip::tcp::socket first{executor};
    // After the reactor, so that it is told of a fork after the reactor was.
    service_of<reactor_mark>(executor);
  }

  tls_context tls;
  const std::string host;  // without a final dot
  const std::uint16_t port;
  const std::uint32_t max_streams;
  const bool only_http2;
  const std::optional<proxy_settings> proxy;
  const std::string called;  // its name in the messages of a handshake
  /// How many streams the server last allowed on an HTTP/2 connection.
  std::uint32_t known_streams = std::numeric_limits<std::uint32_t>::max();
  /// The HTTP/1.1 connections read into this, one at a time: OpenSSL itself keeps the beginning of a record
  /// that isn't complete.
  std::array<char, 4096> ciphertext;
  /// For the HTTP/2 connections; made with the first one.
  std::shared_ptr<http2_stock> stock;
  /// Resolves the host, or the proxy, which then looks up the host itself.
  const std::shared_ptr<resolver> names;

 private:
  template <class Service>
  static Service& service_of(const boost::asio::any_io_executor& executor) {
    return boost::asio::use_service<Service>(boost::asio::query(executor, boost::asio::execution::context));
  }
};

}  // namespace ephemint::inline v0::net
