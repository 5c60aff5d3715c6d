#pragma once

#include "net/dial/chain_validity.hpp"

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <ctime>
#include <memory>

namespace ephemint::inline v0::net {

struct session_deleter {
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using session_pointer = std::unique_ptr<SSL_SESSION, session_deleter>;

/// A session, and the validity of the certificates that its first handshake showed. A resumed handshake shows
/// none, so without this a session could outlive its certificates.
struct kept_session {
  session_pointer session;
  chain_validity chain;
};

/// The TLS sessions that one endpoint's next connections can resume. Never shared between endpoints, as a
/// session stands for a certificate check with this endpoint's authorities.
class session_cache {
 public:
  /// Twice the number of dials that may be under way at once, times the two tickets that a server usually
  /// sends.
  static constexpr std::size_t max_sessions = 16;

  void put(kept_session) noexcept;
  /// The newest session that hasn't expired and whose certificates are valid; empty if there is none. A TLS
  /// 1.3 ticket is given out only once (used twice, it would let an observer link connections: RFC 8446,
  /// C.4); a session of TLS 1.2 stays.
  kept_session take(std::time_t now) noexcept;
  void clear() noexcept;
  std::size_t size() const noexcept { return size_; }

 private:
  std::array<kept_session, max_sessions> sessions_;  // the newest last
  std::size_t size_ = 0;
};

}  // namespace ephemint::inline v0::net
