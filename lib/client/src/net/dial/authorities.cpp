#include "net/dial/authorities.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>

namespace ephemint::inline v0::net {

namespace {

struct bio_deleter {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using bio_pointer = std::unique_ptr<BIO, bio_deleter>;

struct certificate_deleter {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

/// The number of certificates that were read from PEM text and added.
int add_certificates(X509_STORE& store, BIO& text, const char* option) {
  int added = 0;
  for (;; ++added) {
    // `_AUX`: accepts `TRUSTED CERTIFICATE` as well, as OpenSSL's own loader does.
    std::unique_ptr<X509, certificate_deleter> next{PEM_read_bio_X509_AUX(&text, nullptr, nullptr, nullptr)};
    if (!next) break;
    if (X509_STORE_add_cert(&store, next.get()) != 1) throw std::bad_alloc{};
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end)
    throw std::invalid_argument{std::string{option} + ": certificate " + std::to_string(added + 1) +
                                " is damaged; PEM text of whole certificates is needed"};
  return added;
}

void add_file(X509_STORE& store, const std::string& path) {
  bio_pointer file{BIO_new_file(path.c_str(), "r")};
  if (!file) {
    ERR_clear_error();
    throw std::invalid_argument{"authority_file: cannot read `" + path +
                                "`; a PEM file of certificates is needed"};
  }
  if (add_certificates(store, *file, "authority_file") == 0)
    throw std::invalid_argument{"authority_file: `" + path + "` holds no certificate; PEM text is needed"};
}

void add_text(X509_STORE& store, const std::string& pem) {
  bio_pointer text{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  if (!text) throw std::bad_alloc{};
  if (add_certificates(store, *text, "authority_pem") == 0)
    throw std::invalid_argument{"authority_pem: holds no certificate; PEM text is needed"};
}

/// `12345678.0`: the form in which OpenSSL finds certificates in a directory.
bool has_hashed_files(const std::string& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator at{directory, error}, end; !error && at != end;
       at.increment(error))
    if (at->path().stem().native().size() == 8 && at->path().extension().native().size() == 2) return true;
  return false;
}

/// Whether the system's directories, which OpenSSL looks into only when it needs an issuer, have anything in
/// them.
bool system_directories_have_files() {
  const char* named = std::getenv(X509_get_default_cert_dir_env());
  std::istringstream list{named ? named : X509_get_default_cert_dir()};
  for (std::string directory; std::getline(list, directory, ':');)
    if (has_hashed_files(directory)) return true;
  return false;
}

bool holds_any(X509_STORE& store) { return sk_X509_OBJECT_num(X509_STORE_get0_objects(&store)) > 0; }

}  // namespace

void load_authorities(SSL_CTX& context, const endpoint_settings& settings) {
  X509_STORE& store = *SSL_CTX_get_cert_store(&context);
  if (settings.system_authorities) {
    SSL_CTX_set_default_verify_paths(&context);  // says 1 even where there is nothing
    ERR_clear_error();
  }
  if (!settings.authority_file.empty()) add_file(store, settings.authority_file);
  if (!settings.authority_pem.empty()) add_text(store, settings.authority_pem);
  if (holds_any(store) || (settings.system_authorities && system_directories_have_files())) return;
  throw std::invalid_argument{settings.system_authorities
                                  ? "system_authorities: this system has no certificate authorities; install "
                                    "them (ca-certificates), or name "
                                    "some in authority_file or authority_pem"
                                  : "system_authorities: off, and neither authority_file nor authority_pem "
                                    "names one; there is nothing to "
                                    "trust"};
}

}  // namespace ephemint::inline v0::net
