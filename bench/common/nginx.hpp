#pragma once

#include "common/child_process.hpp"
#include "common/temporary_directory.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace ephemint::bench {

/// The neutral server: nginx on loopback, one process on the server's core, which answers every
/// `POST /v1/tokens/ephemeral` at once with the same 1.2 kB of JSON, of the API's shape.
///
/// TLS 1.3 and a P-256 certificate for `127.0.0.1` and `localhost`, signed by an authority made for this
/// object. Connections are kept as long as the client wants.
class nginx {
 public:
  /// Returns when it accepts connections. Throws `std::runtime_error` with nginx's output if it doesn't
  /// start.
  nginx();

  /// The base URLs for HTTP/1.1 and for HTTP/2: `https://127.0.0.1:PORT`.
  const std::string& base_url() const noexcept { return base_url_; }
  const std::string& http2_base_url() const noexcept { return http2_base_url_; }
  /// The authority to trust, in PEM.
  std::string ca_file() const { return directory_.path() / "ca.pem"; }

 private:
  explicit nginx(std::pair<std::uint16_t, std::uint16_t> ports);
  child_process start(std::uint16_t port, std::uint16_t http2_port);

  temporary_directory directory_;
  std::string base_url_;
  std::string http2_base_url_;
  child_process process_;
};

}  // namespace ephemint::bench
