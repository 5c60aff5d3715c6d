#include "tls_context.hpp"

#include "check.hpp"
#include "random.hpp"

#include <openssl/ssl.h>

#include <stdexcept>
#include <string_view>

namespace ephemint::inline v0::sandbox {
namespace {

int openssl_version(tls_version version) {
  switch (version) {
    case tls_version::tls_1_0:
      return TLS1_VERSION;
    case tls_version::tls_1_1:
      return TLS1_1_VERSION;
    case tls_version::tls_1_2:
      return TLS1_2_VERSION;
    case tls_version::tls_1_3:
      break;
  }
  return TLS1_3_VERSION;
}

void must(long result) {
  if (result != 1) throw std::runtime_error{"OpenSSL doesn't take the sandbox's TLS settings"};
}

/// Protocols in ALPN's format: each follows its length.
struct offer {
  std::string_view protocols;
  int without_agreement;
};

/// (Not const, as OpenSSL's interface demands.)
offer* offer_of(http2_use use) {
  static offer both{"\2h2\10http/1.1", SSL_TLSEXT_ERR_NOACK};
  static offer http2{"\2h2", SSL_TLSEXT_ERR_ALERT_FATAL};
  return use == http2_use::only ? &http2 : &both;
}

int choose_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* asked, unsigned int asked_size, void* given) {
  const offer& ours = *static_cast<const offer*>(given);
  if (SSL_version(ssl) < TLS1_2_VERSION) return SSL_TLSEXT_ERR_NOACK;  // RFC 9113 §9.2
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(
      &found, chosen_size, reinterpret_cast<const unsigned char*>(ours.protocols.data()),
      static_cast<unsigned int>(ours.protocols.size()), asked, asked_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return ours.without_agreement;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

boost::asio::ssl::context make_tls_context(const server_options& options, const identity& shown) {
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
  SSL_CTX* const native = context.native_handle();
  if (options.min_tls < tls_version::tls_1_2) SSL_CTX_set_security_level(native, 0);
  must(SSL_CTX_set_min_proto_version(native, openssl_version(options.min_tls)));
  must(SSL_CTX_set_max_proto_version(native, openssl_version(options.max_tls)));
  must(SSL_CTX_use_certificate(native, shown.certificate.get()));
  must(SSL_CTX_use_PrivateKey(native, shown.key.get()));

  // Tickets only: sessions in the server's memory would survive forget_sessions().
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  must(SSL_CTX_set_num_tickets(native, options.session_tickets));
  if (options.session_tickets == 0) SSL_CTX_set_options(native, SSL_OP_NO_TICKET);
  constexpr unsigned char id[] = "ephemint sandbox";
  must(SSL_CTX_set_session_id_context(native, id, sizeof id - 1));
  // Saves a buffer per idle connection.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);

  if (speaks_http2(options)) SSL_CTX_set_alpn_select_cb(native, choose_protocol, offer_of(options.http2));

  if (options.require_client_certificate)
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return context;
}

void forget_sessions(boost::asio::ssl::context& context) {
  SSL_CTX* const native = context.native_handle();
  const long size = SSL_CTX_get_tlsext_ticket_keys(native, nullptr, 0);
  std::string keys = random_bytes(static_cast<std::size_t>(size));
  must(SSL_CTX_set_tlsext_ticket_keys(native, keys.data(), size));
}

}  // namespace ephemint::inline v0::sandbox
