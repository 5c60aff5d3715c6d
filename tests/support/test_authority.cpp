#include "test_authority.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <string_view>

namespace ephemint::test {

namespace {

void check(long result) {
  if (result <= 0) throw std::runtime_error{"OpenSSL refused to make a test certificate"};
}

void add_extension(X509& certificate, X509& issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  check(extension != nullptr);
  check(X509_add_ext(&certificate, extension, -1));
  X509_EXTENSION_free(extension);
}

std::string joined(const std::vector<std::string>& parts) {
  return std::accumulate(parts.begin(), parts.end(), std::string{},
                         [](std::string all, const std::string& part) {
                           return all.empty() ? part : std::move(all) + ',' + part;
                         });
}

identity make(const identity* issuer, const certificate_wishes& wishes) {
  identity made{{X509_new(), &X509_free}, {EVP_EC_gen("P-256"), &EVP_PKEY_free}};
  X509& certificate = *made.certificate;
  check(X509_set_version(&certificate, X509_VERSION_3));
  std::int64_t serial = 0;
  check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial));
  check(ASN1_INTEGER_set_int64(X509_get_serialNumber(&certificate), serial & INT64_MAX));
  X509_gmtime_adj(X509_getm_notBefore(&certificate), static_cast<long>(wishes.from.count()));
  X509_gmtime_adj(X509_getm_notAfter(&certificate), static_cast<long>(wishes.until.count()));
  check(X509_set_pubkey(&certificate, made.key.get()));
  const auto* name = reinterpret_cast<const unsigned char*>(wishes.common_name.c_str());
  check(
      X509_NAME_add_entry_by_txt(X509_get_subject_name(&certificate), "CN", MBSTRING_UTF8, name, -1, -1, 0));
  X509& above = issuer ? *issuer->certificate : certificate;
  check(X509_set_issuer_name(&certificate, X509_get_subject_name(&above)));
  add_extension(certificate, above, NID_basic_constraints,
                wishes.authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!wishes.authority && !wishes.alternative_names.empty())
    add_extension(certificate, above, NID_subject_alt_name, joined(wishes.alternative_names));
  check(X509_sign(&certificate, issuer ? issuer->key.get() : made.key.get(), EVP_sha256()));
  return made;
}

/// As ALPN has it on the wire: each with its length before it.
std::vector<std::string> protocols_in(std::string_view list) {
  std::vector<std::string> all;
  while (!list.empty()) {
    const auto size = static_cast<unsigned char>(list.front());
    all.emplace_back(list.substr(1, size));
    list.remove_prefix(std::min<std::size_t>(list.size(), 1u + size));
  }
  return all;
}

template <class T>
void delete_it(void*, void* object, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<T*>(object);
}

using protocols = std::vector<std::string>;

/// What a context picks.
struct choice {
  protocols wanted;
  bool insists;
  bool alternates;
  std::atomic<int> connections{0};
};

/// Where a context keeps its choice, and a session what it was offered.
int choice_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &delete_it<choice>);
  return index;
}
int offer_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &delete_it<protocols>);
  return index;
}

int pick_protocol(SSL* ssl, const unsigned char** picked, unsigned char* size, const unsigned char* offer,
                  unsigned offer_size, void*) {
  auto offered =
      std::make_unique<protocols>(protocols_in({reinterpret_cast<const char*>(offer), offer_size}));
  auto& made = *static_cast<choice*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), choice_index()));
  const auto& wanted = made.wanted;
  const auto found = made.insists
                         ? wanted.begin()
                         : std::find_first_of(wanted.begin(), wanted.end(), offered->begin(), offered->end());
  delete static_cast<protocols*>(SSL_get_ex_data(ssl, offer_index()));  // of a ClientHello before
  SSL_set_ex_data(ssl, offer_index(), offered.release());
  const bool is_second = made.alternates && made.connections++ % 2 == 1;
  if (found == wanted.end() || is_second) return SSL_TLSEXT_ERR_NOACK;
  *picked = reinterpret_cast<const unsigned char*>(found->data());
  *size = static_cast<unsigned char>(found->size());
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

std::string identity::pem() const {
  const std::unique_ptr<BIO, decltype(&BIO_free)> text{BIO_new(BIO_s_mem()), &BIO_free};
  check(PEM_write_bio_X509(text.get(), certificate.get()));
  char* begin = nullptr;
  const long size = BIO_get_mem_data(text.get(), &begin);
  return {begin, static_cast<std::size_t>(size)};
}

identity self_signed(const certificate_wishes& wishes) { return make(nullptr, wishes); }

identity issue(const identity& issuer, const certificate_wishes& wishes) { return make(&issuer, wishes); }

identity make_root(const std::string& name) { return self_signed({.common_name = name, .authority = true}); }

openssl_pointer<SSL_CTX> make_server_context(const server_wishes& wishes) {
  openssl_pointer<SSL_CTX> context{SSL_CTX_new(TLS_server_method())};
  // Old versions need a lower security level: SHA-1 signs there.
  SSL_CTX_set_security_level(context.get(), wishes.least_version < TLS1_2_VERSION ? 0 : 1);
  check(SSL_CTX_set_min_proto_version(context.get(), wishes.least_version));
  check(SSL_CTX_set_max_proto_version(context.get(), wishes.greatest_version));
  check(SSL_CTX_use_certificate(context.get(), wishes.shown.certificate.get()));
  check(SSL_CTX_use_PrivateKey(context.get(), wishes.shown.key.get()));
  for (const identity& above : wishes.chain)
    check(SSL_CTX_add1_chain_cert(context.get(), above.certificate.get()));
  check(SSL_CTX_set_num_tickets(context.get(), static_cast<std::size_t>(wishes.tickets)));
  static constexpr unsigned char id[] = "ephemint";
  check(SSL_CTX_set_session_id_context(context.get(), id, sizeof id));
  if (wishes.demands_client_certificate)
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  if (!wishes.ciphers.empty()) check(SSL_CTX_set_cipher_list(context.get(), wishes.ciphers.c_str()));
  check(SSL_CTX_set_ex_data(context.get(), choice_index(),
                            new choice{wishes.protocols, wishes.insists, wishes.alternates}));
  SSL_CTX_set_alpn_select_cb(context.get(), &pick_protocol, nullptr);
  return context;
}

std::vector<std::string> offered_protocols(const SSL& ssl) {
  const auto* offered = static_cast<const protocols*>(SSL_get_ex_data(&ssl, offer_index()));
  return offered ? *offered : protocols{};
}

std::string picked_protocol(const SSL& ssl) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(&ssl, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace ephemint::test
