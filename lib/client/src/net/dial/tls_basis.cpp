#include "net/dial/tls_basis.hpp"

#include "net/dial/openssl_errors.hpp"
#include "net/dial/tls.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <new>
#include <stdexcept>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

/// Far more than a mint request needs. OpenSSL keeps a buffer of this size for each connection.
constexpr long largest_record = 4096;

[[noreturn]] void complain_of_openssl() {
  throw std::invalid_argument{"OpenSSL can't make a TLS context: " + take_openssl_problem() +
                              "; its configuration (openssl.cnf, OPENSSL_CONF) must load, its providers be "
                              "there, and TLS 1.2 or newer be allowed"};
}

openssl_pointer<SSL_CTX, SSL_CTX_free> try_context() {
  ERR_clear_error();
  openssl_pointer<SSL_CTX, SSL_CTX_free> made{SSL_CTX_new(TLS_client_method())};
  if (!made || ERR_peek_error() != 0) complain_of_openssl();
  check(SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION));
  return made;
}

/// The size of a ClientHello, with its ciphers, groups and signature algorithms. If OpenSSL's configuration
/// allows none of these, the error shows here first.
std::size_t hello_size(SSL_CTX& context) {
  const openssl_pointer<SSL, SSL_free> client{checked(SSL_new(&context))};
  SSL_set0_rbio(client.get(), checked(BIO_new(BIO_s_mem())));
  BIO* const said = checked(BIO_new(BIO_s_mem()));
  SSL_set0_wbio(client.get(), said);
  SSL_set_connect_state(client.get());
  ERR_clear_error();
  if (SSL_get_error(client.get(), SSL_do_handshake(client.get())) != SSL_ERROR_WANT_READ)
    complain_of_openssl();
  return BIO_ctrl_pending(said);
}

/// Made twice and compared: if OpenSSL has no memory to try an algorithm, it silently takes the algorithm for
/// absent, and a client with that context might never complete a handshake.
SSL_CTX* make_context() {
  openssl_pointer<SSL_CTX, SSL_CTX_free> made = try_context();
  const openssl_pointer<SSL_CTX, SSL_CTX_free> again = try_context();
  const std::size_t size = hello_size(*made);
  if (size == 0 || size != hello_size(*again)) throw std::bad_alloc{};
  return made.release();
}

long answer_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace

tls_basis::tls_basis(const endpoint_settings& settings)
    : host_{settings.host},
      context_{make_context()},
      authorities_{*context_, settings},
      // A plain number, as BIO_get_new_index() would change global state.
      transport_{checked(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "ephemint"))} {
  if (host_.ends_with('.')) host_.pop_back();
  check(BIO_meth_set_read_ex(transport_.get(), &tls_session::read_input));
  check(BIO_meth_set_write_ex(transport_.get(), &tls_session::write_output));
  check(BIO_meth_set_ctrl(transport_.get(), &answer_control));
  // CLEANSE: OpenSSL wipes its own copy of a decrypted token once we have ours.
  SSL_CTX_set_options(context_.get(),
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_mode(context_.get(), SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context_.get(), 1);  // one BIO call per record, not two
  check(static_cast<int>(SSL_CTX_set_max_send_fragment(context_.get(), largest_record)));
  SSL_CTX_set_client_cert_cb(context_.get(), &tls_session::answer_demand);
  require_peer_identity();
  if (settings.resume_sessions) keep_sessions();
}

void tls_basis::require_peer_identity() {
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  X509_VERIFY_PARAM* rules = SSL_CTX_get0_param(context_.get());
  X509_VERIFY_PARAM_set_hostflags(rules,
                                  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(host_, not_an_address);
  host_is_address_ = !not_an_address;
  if (!host_is_address_)
    check(X509_VERIFY_PARAM_set1_host(rules, host_.data(), host_.size()));
  else if (address.is_v4())
    check(X509_VERIFY_PARAM_set1_ip(rules, address.to_v4().to_bytes().data(), 4));
  else
    check(X509_VERIFY_PARAM_set1_ip(rules, address.to_v6().to_bytes().data(), 16));
}

/// Each session is stored in its own client's cache, none in OpenSSL's.
void tls_basis::keep_sessions() {
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_.get(), &tls_session::keep);
}

std::shared_ptr<tls_basis> tls_bases::find(const endpoint_settings& settings) {
  if (!settings.authority_file.empty()) return std::make_shared<tls_basis>(settings);
  const std::scoped_lock lock{mutex_};
  std::erase_if(made_, [](const auto& each) { return each.basis.expired(); });
  for (const auto& each : made_)
    if (each.serves(settings))
      if (auto basis = each.basis.lock()) return basis;
  made_.reserve(made_.size() + 1);
  auto basis = std::make_shared<tls_basis>(settings);
  made_.push_back(
      {settings.host, settings.authority_pem, settings.system_authorities, settings.resume_sessions, basis});
  return basis;
}

bool tls_bases::known::serves(const endpoint_settings& settings) const noexcept {
  return host == settings.host && authority_pem == settings.authority_pem &&
         system_authorities == settings.system_authorities && resume_sessions == settings.resume_sessions;
}

}  // namespace ephemint::inline v0::net
