#include "net/dial/tls.hpp"

#include "net/dial/openssl_errors.hpp"
#include "net/dial/tls_problem.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <ctime>
#include <new>
#include <string>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

/// Otherwise errors left by the host program's own OpenSSL calls would be taken for ours. Checking first is
/// cheaper than clearing each time.
void forget_old_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

bool other_authorities_may_help(long verdict) {
  return verdict != X509_V_ERR_HOSTNAME_MISMATCH && verdict != X509_V_ERR_IP_ADDRESS_MISMATCH &&
         verdict != X509_V_ERR_OUT_OF_MEM;
}

/// In ALPN's format: each name follows its length.
std::string_view names_of(http_offer offer) noexcept {
  switch (offer) {
    case http_offer::http1:
      return "\x08http/1.1";
    case http_offer::http2:
      return "\x02h2";
    case http_offer::none:
      return {};
    case http_offer::both:
      break;
  }
  return "\x02h2\x08http/1.1";
}

}  // namespace

tls_context::tls_context(const endpoint_settings& settings)
    : tls_context{settings, std::make_shared<tls_basis>(settings)} {}

tls_context::tls_context(const endpoint_settings& settings, std::shared_ptr<tls_basis> basis)
    : offer_{speaks_http2() || settings.http == http_offer::none ? settings.http : http_offer::http1},
      basis_{std::move(basis)} {
  if (!basis_->trusted().may_change()) return;
  assert(basis_.use_count() == 1);
  SSL_CTX_set_cert_verify_callback(
      &basis_->context(),
      [](X509_STORE_CTX* check, void* self) { return static_cast<tls_context*>(self)->verify(*check); },
      this);
}

/// Verifies as OpenSSL does by itself; and once more, with the new authorities, if the authority file was
/// replaced (T10).
int tls_context::verify(X509_STORE_CTX& check) noexcept try {
  if (X509_verify_cert(&check) == 1) return 1;
  if (!other_authorities_may_help(X509_STORE_CTX_get_error(&check))) return 0;
  if (!basis_->trusted().read_again(clock::now())) return 0;
  // The sessions, and tickets that are still to come, may be from a server that isn't trusted any more.
  sessions_.clear();
  ++trust_;
  auto* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(&check, SSL_get_ex_data_X509_STORE_CTX_idx()));
  static_cast<tls_session*>(SSL_get_app_data(ssl))->trust_ = trust_;
  return verify_again(check);
} catch (const std::bad_alloc&) {
  ERR_clear_error();
  X509_STORE_CTX_set_error(&check, X509_V_ERR_OUT_OF_MEM);  // no verdict: the next dial checks again
  return 0;
}

/// A check object can't be used twice: a second one is made, and its result is copied into the first.
int tls_context::verify_again(X509_STORE_CTX& failed) noexcept {
  const openssl_pointer<X509_STORE_CTX, X509_STORE_CTX_free> check{X509_STORE_CTX_new()};
  const bool made =
      check &&
      X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(&basis_->context()),
                          X509_STORE_CTX_get0_cert(&failed), X509_STORE_CTX_get0_untrusted(&failed)) == 1 &&
      X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(check.get()), X509_STORE_CTX_get0_param(&failed)) == 1;
  const int result = made ? X509_verify_cert(check.get()) : 0;
  X509_STORE_CTX_set_error(&failed, made ? X509_STORE_CTX_get_error(check.get()) : X509_V_ERR_OUT_OF_MEM);
  X509_STORE_CTX_set0_verified_chain(&failed, made ? X509_STORE_CTX_get1_chain(check.get()) : nullptr);
  ERR_clear_error();
  return result == 1 ? 1 : 0;
}

tls_session::tls_session(tls_context& context)
    : context_{context}, ssl_{checked(SSL_new(&context.basis_->context()))}, trust_{context.trust_} {
  BIO* transport = checked(BIO_new(&context.basis_->transport()));
  BIO_set_data(transport, this);
  BIO_set_init(transport, 1);
  SSL_set_bio(ssl_.get(), transport, transport);
  check(SSL_set_app_data(ssl_.get(), this));
  SSL_set_connect_state(ssl_.get());
  const std::string_view names = names_of(context.offer_);
  if (!names.empty() && SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(names.data()),
                                            static_cast<unsigned>(names.size())) != 0)
    throw std::bad_alloc{};
  if (!context.host_is_address())
    check(static_cast<int>(SSL_set_tlsext_host_name(ssl_.get(), context.host().c_str())));
  if (const kept_session kept = context.sessions_.take(std::time(nullptr)); kept.session) {
    check(SSL_set_session(ssl_.get(), kept.session.get()));
    resumed_chain_ = kept.chain;
  }
}

int tls_session::keep(SSL* ssl, SSL_SESSION* session) {
  const auto& self = *static_cast<tls_session*>(SSL_get_app_data(ssl));
  if (self.trust_ != self.context_.trust_) return 0;  // 0: the session isn't kept
  const auto chain =
      SSL_session_reused(ssl) == 1 ? self.resumed_chain_ : validity_of(SSL_get0_verified_chain(ssl));
  self.context_.sessions_.put({session_pointer{session}, chain});
  return 1;  // 1: we own the session now
}

tls_session::~tls_session() {
  leave_buffers();
  // Without this, OpenSSL would mark the session of a connection that just ended as not resumable.
  if (!failed_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void tls_session::feed(std::string_view ciphertext) noexcept {
  assert(input_.empty());
  input_ = ciphertext;
  if (first_bytes_size_ < first_bytes_.size()) {
    const auto size = std::min(ciphertext.size(), first_bytes_.size() - first_bytes_size_);
    std::memcpy(first_bytes_.data() + first_bytes_size_, ciphertext.data(), size);
    first_bytes_size_ += size;
  }
}

tls_status tls_session::handshake() {
  forget_old_errors();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return fail(result);
  assert(SSL_get_verify_result(ssl_.get()) == X509_V_OK);
  established_ = true;
  return tls_status::done;
}

tls_session::protocol tls_session::chosen() const noexcept {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  const bool is_h2 = size == 2 && std::memcmp(name, "h2", 2) == 0;
  return is_h2 ? protocol::http2 : protocol::http1;
}

/// RFC 9113's list (appendix A) forbids all ciphers of TLS 1.2 and older that aren't AEAD or have no
/// ephemeral key exchange.
bool tls_session::fit_for_http2() const noexcept {
  if (SSL_version(ssl_.get()) >= TLS1_3_VERSION) return true;
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl_.get());
  if (cipher == nullptr || SSL_CIPHER_is_aead(cipher) != 1) return false;
  const int exchange = SSL_CIPHER_get_kx_nid(cipher);
  return exchange == NID_kx_ecdhe || exchange == NID_kx_dhe;
}

void tls_session::share_buffers() noexcept {
  // With read-ahead OpenSSL would move all the rest of its input to the front of its buffer after each
  // record.
  // From 3.2 on, OpenSSL wipes buffers when it frees them, even those that it hasn't allocated yet, and
  // crashes.
  if (OpenSSL_version_num() >= 0x30200000L) return;
  shares_buffers_ = true;
  take_buffers();
}

void tls_session::take_buffers() noexcept {
  if (!shares_buffers_ || has_buffers_) return;
  if (tls_session* const before = std::exchange(context_.buffered_, this)) {
    before->has_buffers_ = false;
    SSL_free_buffers(before->ssl_.get());  // does nothing while they hold data
  }
  has_buffers_ = true;
}

// Checks its own member first: a session that has left may be destroyed on another thread.
void tls_session::leave_buffers() noexcept {
  if (std::exchange(has_buffers_, false)) context_.buffered_ = nullptr;
}

bool tls_session::encrypt(std::string_view plain) {
  forget_old_errors();
  take_buffers();
  std::size_t written = 0;
  if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written) == 1) return true;
  fail(0);
  return false;
}

tls_session::decrypted tls_session::decrypt(std::span<char> into) {
  forget_old_errors();
  take_buffers();
  std::size_t size = 0;
  const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &size);
  if (result == 1) return {tls_status::done, size};
  return {fail(result), 0};
}

void tls_session::close() {
  if (failed_ || !established_) return;
  forget_old_errors();
  SSL_shutdown(ssl_.get());
}

tls_status tls_session::fail(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return tls_status::need_input;
    case SSL_ERROR_ZERO_RETURN:
      return tls_status::closed;
    default:
      break;
  }
  failed_ = true;
  // Our own transport fails for no other reason, and OpenSSL may have had no memory to record an error.
  const bool lacks_memory = ERR_peek_error() == 0 || openssl_lacks_memory() ||
                            SSL_get_verify_result(ssl_.get()) == X509_V_ERR_OUT_OF_MEM;
  problem_ = out_of_memory();
  if (!lacks_memory)
    problem_ = tls_problem({.host = context_.host(),
                            .error = ERR_peek_error(),
                            .verdict = SSL_get_verify_result(ssl_.get()),
                            .first_bytes = {first_bytes_.data(), first_bytes_size_},
                            .certificate_demanded = certificate_demanded_,
                            .established = established_});
  const std::string_view unread = context_.basis_->trusted().problem();
  const long verdict = SSL_get_verify_result(ssl_.get());
  if (!lacks_memory && !unread.empty() && verdict != X509_V_OK && other_authorities_may_help(verdict))
    problem_.message =
        std::string{problem_.message.view()} + " (read again in vain: " + std::string{unread} + ')';
  ERR_clear_error();
  return tls_status::failed;
}

int tls_session::read_input(BIO* bio, char* into, std::size_t size, std::size_t* read) {
  auto& input = static_cast<tls_session*>(BIO_get_data(bio))->input_;
  BIO_clear_retry_flags(bio);
  if (input.empty()) {
    BIO_set_retry_read(bio);
    *read = 0;
    return 0;
  }
  *read = std::min(size, input.size());
  std::memcpy(into, input.data(), *read);
  input.remove_prefix(*read);
  return 1;
}

int tls_session::write_output(BIO* bio, const char* from, std::size_t size, std::size_t* written) {
  *written = 0;
  try {
    static_cast<tls_session*>(BIO_get_data(bio))->output_.append(from, size);
  } catch (const std::bad_alloc&) {
    return 0;  // nothing may be thrown through OpenSSL's C frames: the session fails instead
  }
  *written = size;
  return 1;
}

int tls_session::answer_demand(SSL* ssl, X509**, EVP_PKEY**) {
  static_cast<tls_session*>(SSL_get_app_data(ssl))->certificate_demanded_ = true;
  return 0;  // goes on without a certificate; a server that requires one sends an alert
}

}  // namespace ephemint::inline v0::net
