#pragma once

#include "net/dial/chain_validity.hpp"
#include "net/dial/endpoint.hpp"
#include "net/dial/session_cache.hpp"
#include "net/dial/tls_basis.hpp"
#include "net/failure.hpp"

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ephemint::inline v0::net {

class tls_session;

/// What all TLS sessions of one client share: the basis, sessions to resume, and which HTTP versions to
/// offer.
class tls_context {
 public:
  /// With a basis of its own. Throws what the basis throws.
  explicit tls_context(const endpoint_settings&);
  /// A basis whose authorities may change must not be shared.
  tls_context(const endpoint_settings&, std::shared_ptr<tls_basis>);
  // OpenSSL holds a pointer to it.
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;

  const std::string& host() const noexcept { return basis_->host(); }
  bool host_is_address() const noexcept { return basis_->host_is_address(); }
  session_cache& sessions() noexcept { return sessions_; }

  /// Which HTTP versions the next sessions offer.
  http_offer offer() const noexcept { return offer_; }
  /// The server has shown that it wants HTTP/1.1.
  void offer_http1_only() noexcept { offer_ = http_offer::http1; }

 private:
  friend class tls_session;

  int verify(X509_STORE_CTX&) noexcept;
  int verify_again(X509_STORE_CTX& failed) noexcept;

  http_offer offer_;
  const std::shared_ptr<tls_basis> basis_;
  session_cache sessions_;
  unsigned trust_ = 0;               // changes with the authorities
  tls_session* buffered_ = nullptr;  // the one that has the shared buffers
};

enum class tls_status {
  done,        ///< handshake: it is established. decrypt: there is plaintext
  need_input,  ///< all input was used
  closed,      ///< the peer's close_notify
  failed,      ///< `problem()` says why
};

/// One TLS session, without a socket: ciphertext is fed in and taken out. So it can be tested byte by byte,
/// and only the connection decides when to make a system call.
class tls_session {
 public:
  explicit tls_session(tls_context&);
  ~tls_session();
  tls_session(const tls_session&) = delete;
  tls_session& operator=(const tls_session&) = delete;

  /// Feeds bytes from the network. They must stay valid until `handshake` or `decrypt` has returned
  /// `need_input`.
  void feed(std::string_view ciphertext) noexcept;
  /// Whether bytes that were fed may hold more plaintext.
  bool has_input() const noexcept { return !input_.empty() || SSL_has_pending(ssl_.get()) == 1; }

  tls_status handshake();
  /// Whether the server still has to read our last message when the handshake is complete on our side. It
  /// usually answers with tickets.
  bool tickets_follow() const noexcept { return SSL_version(ssl_.get()) >= TLS1_3_VERSION; }
  bool resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }

  /// The HTTP version that the server has chosen, after the handshake. HTTP/1.1 if it has chosen none.
  enum class protocol : unsigned char { http1, http2 };
  protocol chosen() const noexcept;
  /// Whether HTTP/2 may be spoken over the cipher that was agreed on (RFC 9113, 9.2.2).
  bool fit_for_http2() const noexcept;

  /// Saves the memory of OpenSSL's buffers, 21 KiB: of all sessions on which this was called, only the one
  /// used last keeps its buffers. (OpenSSL wipes them when it frees them.) Does nothing with OpenSSL 3.2 and
  /// later.
  void share_buffers() noexcept;
  /// The session isn't used any more.
  void leave_buffers() noexcept;

  /// Appends `plain` to the output; as one record if it is at most 4 KiB. False: the session is broken.
  bool encrypt(std::string_view plain);

  struct decrypted {
    tls_status status;
    std::size_t size;  ///< > 0 exactly if `done`
  };
  decrypted decrypt(std::span<char> into);

  /// Appends a close_notify to the output, if the handshake is complete.
  void close();

  /// Bytes for the network.
  std::string& output() noexcept { return output_; }

  /// Why `handshake` or `decrypt` failed, in words.
  const failure& problem() const noexcept { return problem_; }
  /// Whether the server asked for a client certificate.
  bool certificate_demanded() const noexcept { return certificate_demanded_; }

 private:
  friend class tls_basis;
  friend class tls_context;
  static int read_input(BIO*, char*, std::size_t, std::size_t*);
  static int write_output(BIO*, const char*, std::size_t, std::size_t*);
  static int answer_demand(SSL*, X509**, EVP_PKEY**);
  static int keep(SSL*, SSL_SESSION*);

  tls_status fail(int result);
  void take_buffers() noexcept;

  struct deleter {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };
  tls_context& context_;
  std::unique_ptr<SSL, deleter> ssl_;
  std::string_view input_;
  std::string output_;
  std::array<char, 5> first_bytes_{};  // of the peer's bytes: they show whether it speaks plain HTTP
  std::size_t first_bytes_size_ = 0;
  chain_validity resumed_chain_;  // the chain of the session that was offered
  unsigned trust_;                // the context's `trust_` when the peer was verified
  bool shares_buffers_ = false;
  bool has_buffers_ = false;  // it has the shared buffers
  bool certificate_demanded_ = false;
  bool established_ = false;  // OpenSSL clears its own flag after an error
  bool failed_ = false;
  failure problem_;
};

}  // namespace ephemint::inline v0::net
