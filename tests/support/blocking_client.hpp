#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ephemint::test {

struct session_deleter {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using session_ptr = std::unique_ptr<SSL_SESSION, session_deleter>;

/// How the connection ended, as the client sees it.
enum class seen_end {
  open,       ///< it hasn't ended
  notified,   ///< close_notify came
  cut,        ///< FIN without close_notify
  reset,      ///< RST
  timed_out,  ///< nothing came for `client_settings::patience`
  failed,     ///< any other error
};

struct client_settings {
  std::string ca_pem = {};
  std::string host = "localhost";
  std::string address = "127.0.0.1";
  bool plain = false;
  /// 0: OpenSSL's choice.
  int min_version = 0;
  int max_version = 0;
  SSL_SESSION* session = nullptr;
  /// The protocols that ALPN offers, each after its length: `\x02h2`. Empty: no ALPN.
  std::string alpn = {};
  std::chrono::milliseconds patience{5'000};
};

struct http_reply {
  unsigned status = 0;
  std::string head;
  std::string body;
  /// Whether all of it came.
  bool complete = false;
  /// The value of a header, or an empty text; the name as the server writes it.
  std::string header(std::string_view name) const;
};

/// A client that is as simple as possible, for tests of servers: blocking, one thread, every wait bounded by
/// `patience`. On purpose it shares no code with the library or the sandbox.
class blocking_client {
 public:
  /// Connects; throws `std::runtime_error` if it can't. No handshake yet.
  explicit blocking_client(std::uint16_t port, client_settings = {});
  ~blocking_client();
  blocking_client(const blocking_client&) = delete;
  blocking_client& operator=(const blocking_client&) = delete;

  /// The TLS handshake, with verification of certificate and name.
  bool handshake();
  /// OpenSSL's `X509_V_ERR_*` of the last handshake.
  long verify_error() const;
  bool resumed() const;
  /// The session to resume; with TLS 1.3 there is one only after something was read.
  session_ptr session() const;
  int version() const;
  /// The protocol that ALPN agreed on, or empty.
  std::string protocol() const;

  /// Whether it could be written.
  bool send(std::string_view bytes);
  /// Reads one reply (after 1xx ones), by Content-Length, chunks, or the end of the connection.
  http_reply read_reply();
  /// The next bytes; empty at the connection's end.
  std::string read_some();
  /// Everything that comes until the connection or the patience ends.
  std::string read_all();
  /// How the connection looked at the last read.
  seen_end end() const { return end_; }
  /// Bytes read but not used by `read_reply`.
  const std::string& surplus() const { return buffer_; }

 private:
  bool fill();

  client_settings settings_;
  int socket_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  seen_end end_ = seen_end::open;
  std::string buffer_;
};

/// A request for a token, as the library writes it.
std::string token_request(std::string_view api_key, std::string_view account,
                          std::string_view query = "?redirect=shipengine-dashboard");

}  // namespace ephemint::test
