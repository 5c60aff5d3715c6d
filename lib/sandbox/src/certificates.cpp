#include "certificates.hpp"

#include "random.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace ephemint::inline v0::sandbox {
namespace {

constexpr const char* loopback_names = "DNS:localhost,IP:127.0.0.1,IP:::1";
constexpr long one_day = 24L * 60 * 60;

struct recipe {
  const char* common_name;
  const char* alt_names = nullptr;
  bool authority = false;
  long valid_from = -one_day;  // seconds from now; a day ago, as clocks may differ
  long valid_to = 365 * one_day;
};

/// Throws if an OpenSSL call didn't work.
template <class Result>
Result must(Result result) {
  if (!result || result == Result(-1)) throw std::runtime_error{"OpenSSL can't make a certificate"};
  return result;
}

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>> extension{
      must(X509V3_EXT_conf_nid(nullptr, &context, nid, value))};
  must(X509_add_ext(certificate, extension.get(), -1));
}

void set_serial(X509* certificate) {
  std::string bytes = random_bytes(16);
  bytes[0] = static_cast<char>((bytes[0] & 0x3f) | 0x40);  // positive, and always of full length
  const std::unique_ptr<BIGNUM, freed_by<BN_free>> number{must(BN_bin2bn(
      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr))};
  must(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)));
}

void set_extensions(X509* certificate, X509* issuer, const recipe& what) {
  add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
  if (issuer != certificate) add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
  add_extension(certificate, issuer, NID_basic_constraints,
                what.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(certificate, issuer, NID_key_usage,
                what.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  if (!what.authority) add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth");
  if (what.alt_names) add_extension(certificate, issuer, NID_subject_alt_name, what.alt_names);
}

/// Signed by `issuer`, or self-signed if there is none.
identity make_identity(const recipe& what, const identity* issuer) {
  identity made{key_ptr{must(EVP_EC_gen("P-256"))}, certificate_ptr{must(X509_new())}};
  X509* const certificate = made.certificate.get();
  must(X509_set_version(certificate, X509_VERSION_3));
  set_serial(certificate);
  must(X509_gmtime_adj(X509_getm_notBefore(certificate), what.valid_from));
  must(X509_gmtime_adj(X509_getm_notAfter(certificate), what.valid_to));
  X509_NAME* const subject = must(X509_get_subject_name(certificate));
  must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(what.common_name), -1, -1, 0));
  X509* const signer = issuer ? issuer->certificate.get() : certificate;
  must(X509_set_issuer_name(certificate, X509_get_subject_name(signer)));
  must(X509_set_pubkey(certificate, made.key.get()));
  set_extensions(certificate, signer, what);
  must(X509_sign(certificate, issuer ? issuer->key.get() : made.key.get(), EVP_sha256()));
  return made;
}

identity make_authority(const char* name, const identity* issuer = nullptr) {
  return make_identity({.common_name = name, .authority = true}, issuer);
}

std::string pem_of(X509* certificate) {
  const std::unique_ptr<BIO, freed_by<BIO_free>> memory{must(BIO_new(BIO_s_mem()))};
  must(PEM_write_bio_X509(memory.get(), certificate));
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

identity make_leaf(certificate_kind kind, const identity& authority) {
  const recipe good{.common_name = "localhost", .alt_names = loopback_names};
  switch (kind) {
    case certificate_kind::good:
      break;
    case certificate_kind::dns_only:
      return make_identity({.common_name = "localhost", .alt_names = "DNS:localhost"}, &authority);
    case certificate_kind::expired:
      return make_identity({.common_name = "localhost",
                            .alt_names = loopback_names,
                            .valid_from = -30 * one_day,
                            .valid_to = -2 * one_day},
                           &authority);
    case certificate_kind::not_yet_valid:
      return make_identity(
          {.common_name = "localhost", .alt_names = loopback_names, .valid_from = 2 * one_day}, &authority);
    case certificate_kind::wrong_host:
      return make_identity({.common_name = "wrong.example", .alt_names = "DNS:wrong.example"}, &authority);
    case certificate_kind::cn_without_san:
      return make_identity({.common_name = "localhost"}, &authority);
    case certificate_kind::self_signed:
      return make_identity(good, nullptr);
    case certificate_kind::untrusted_root: {
      const identity stranger = make_authority("A stranger's authority");
      return make_identity(good, &stranger);
    }
    case certificate_kind::incomplete_chain: {
      const identity intermediate = make_authority("Ephemint sandbox intermediate", &authority);
      return make_identity(good, &intermediate);
    }
  }
  return make_identity(good, &authority);
}

}  // namespace

server_identity make_server_identity(certificate_kind kind) {
  const identity authority = make_authority("Ephemint sandbox authority");
  return {make_leaf(kind, authority), pem_of(authority.certificate.get())};
}

}  // namespace ephemint::inline v0::sandbox
