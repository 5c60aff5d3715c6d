#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <memory>

namespace ephemint::inline v0::net {

struct session_deleter {
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using session_pointer = std::unique_ptr<SSL_SESSION, session_deleter>;

/// The TLS sessions that one endpoint's next connections can resume. Never shared between endpoints: a
/// session carries the verdict of the certificate check that was made with this endpoint's authorities.
class session_cache {
 public:
  /// Twice the dials that may be under way at once, times the two tickets that a server usually sends.
  static constexpr std::size_t max_sessions = 16;

  void put(session_pointer) noexcept;
  /// The newest one that still lives; none if there is none. A TLS 1.3 ticket is given out once only (it
  /// would let an onlooker link connections: RFC 8446, C.4); an older session stays.
  session_pointer take() noexcept;
  std::size_t size() const noexcept { return size_; }

 private:
  std::array<session_pointer, max_sessions> sessions_;  // the newest last
  std::size_t size_ = 0;
};

}  // namespace ephemint::inline v0::net
