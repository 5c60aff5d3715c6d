#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace ephemint::test {

struct openssl_deleter {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};
template <class T>
using openssl_pointer = std::unique_ptr<T, openssl_deleter>;

/// What a certificate shall say.
struct certificate_wishes {
  std::string common_name = "localhost";
  /// As in openssl.cnf: `DNS:localhost`, `IP:127.0.0.1`. Empty: no subjectAltName.
  std::vector<std::string> alternative_names = {"DNS:localhost", "DNS:api.test", "IP:127.0.0.1", "IP:::1"};
  std::chrono::seconds from = std::chrono::hours{-1};  ///< from now
  std::chrono::seconds until = std::chrono::hours{1};
  bool authority = false;
};

/// A certificate with its key, made in memory.
struct identity {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;

  std::string pem() const;  ///< the certificate alone
};

identity self_signed(const certificate_wishes&);
identity issue(const identity& issuer, const certificate_wishes&);
/// `self_signed`, as an authority.
identity make_root(const std::string& name = "Ephemint test root");

/// How a test's TLS server behaves.
struct server_wishes {
  identity shown;
  std::vector<identity> chain = {};  ///< sent along
  int least_version = TLS1_2_VERSION;
  int greatest_version = TLS1_3_VERSION;
  int tickets = 2;
  bool demands_client_certificate = false;
  /// What it picks of a client's ALPN offer, the first that was offered; it picks nothing if none was, or if
  /// this is empty.
  std::vector<std::string> protocols = {};
  bool insists = false;     ///< on the first of `protocols`, whatever was offered
  bool alternates = false;  ///< every second connection gets no protocol: HTTP/1.1
  /// Ciphers of TLS 1.2 as OpenSSL lists them. Empty: its own choice.
  std::string ciphers = {};
};
openssl_pointer<SSL_CTX> make_server_context(const server_wishes&);

/// What the client of that session offered by ALPN, in its order.
std::vector<std::string> offered_protocols(const SSL&);
/// What was picked; empty if nothing was.
std::string picked_protocol(const SSL&);

}  // namespace ephemint::test
