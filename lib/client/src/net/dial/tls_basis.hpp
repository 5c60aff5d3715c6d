#pragma once

#include "net/dial/authorities.hpp"
#include "net/dial/endpoint.hpp"
#include "net/dial/openssl_errors.hpp"

#include <boost/asio/execution_context.hpp>
#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ephemint::inline v0::net {

/// What is expensive to make and the same for all TLS sessions with one host: OpenSSL's context, with the
/// trusted authorities and the name to verify. It holds nothing that is learnt from sessions. Unless its
/// authorities may change, it is immutable, so that several clients may share it, on any threads.
class tls_basis {
 public:
  /// Throws `std::invalid_argument`: naming the option if there is nothing to trust, or with OpenSSL's text
  /// if it can't make a context.
  explicit tls_basis(const endpoint_settings&);

  const std::string& host() const noexcept { return host_; }
  bool host_is_address() const noexcept { return host_is_address_; }
  SSL_CTX& context() noexcept { return *context_; }
  authorities& trusted() noexcept { return authorities_; }
  /// The BIO method through which a session's bytes go.
  BIO_METHOD& transport() noexcept { return *transport_; }

 private:
  void require_peer_identity();
  void keep_sessions();

  std::string host_;  // without a final dot, which no certificate has
  bool host_is_address_ = false;
  openssl_pointer<SSL_CTX, SSL_CTX_free> context_;
  authorities authorities_;
  openssl_pointer<BIO_METHOD, BIO_meth_free> transport_;
};

/// Gives clients of one execution context that have equal settings the same basis. A client with an authority
/// file gets its own, as it reads that file again by itself.
class tls_bases final : public boost::asio::execution_context::service {
 public:
  using key_type = tls_bases;
  static inline boost::asio::execution_context::id id;

  explicit tls_bases(boost::asio::execution_context& context) : service{context} {}

  /// From any thread. Throws what the basis throws, and `std::bad_alloc`.
  std::shared_ptr<tls_basis> find(const endpoint_settings&);

 private:
  struct known {
    bool serves(const endpoint_settings&) const noexcept;

    std::string host;
    std::string authority_pem;
    bool system_authorities;
    bool resume_sessions;
    std::weak_ptr<tls_basis> basis;
  };

  void shutdown() override {}

  std::mutex mutex_;
  std::vector<known> made_;
};

}  // namespace ephemint::inline v0::net
