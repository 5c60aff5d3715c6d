#include "net/dial/authorities.hpp"

#include "net/dial/openssl_errors.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

struct bio_deleter {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using bio_pointer = std::unique_ptr<BIO, bio_deleter>;

struct certificate_deleter {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

constexpr const char* cure = "; a PEM file of certificates is needed";

/// Why a file couldn't be opened.
std::string system_problem() {
  const unsigned long error = ERR_peek_error();
  if (ERR_GET_LIB(error) != ERR_LIB_SYS) throw std::bad_alloc{};
  return std::generic_category().message(ERR_GET_REASON(error));
}

[[noreturn]] void complain(std::string what) {
  ERR_clear_error();
  throw std::invalid_argument{std::move(what)};
}

/// OpenSSL decodes a certificate's key once, and its extensions when it needs them first; one is unusable for
/// ever if memory ran out at that moment. So both are looked at now.
bool is_usable(X509& authority) {
  if (X509_get0_pubkey(&authority) != nullptr && X509_check_purpose(&authority, -1, 0) == 1) return true;
  if (openssl_lacks_memory()) throw std::bad_alloc{};
  ERR_clear_error();
  return false;
}

/// Adds the certificates that stand in PEM text; `source` is what it came from, for messages.
void add_certificates(X509_STORE& store, BIO& text, const std::string& option, const std::string& source) {
  int added = 0;
  const auto next_one = [&] { return option + ": certificate " + std::to_string(added + 1); };
  for (;; ++added) {
    // `_AUX`: accepts `TRUSTED CERTIFICATE` as well, as OpenSSL's own loader does.
    std::unique_ptr<X509, certificate_deleter> next{PEM_read_bio_X509_AUX(&text, nullptr, nullptr, nullptr)};
    if (!next) break;
    if (!is_usable(*next)) complain(next_one() + " has a key of an unknown kind, or invalid extensions");
    if (X509_STORE_add_cert(&store, next.get()) != 1) throw std::bad_alloc{};
  }
  if (openssl_lacks_memory()) throw std::bad_alloc{};
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    complain(next_one() + " is damaged; PEM text of whole certificates is needed");
  ERR_clear_error();
  if (added == 0) complain(option + ":" + source + " holds no certificate; PEM text is needed");
}

void add_file(X509_STORE& store, const std::string& path) {
  const std::string name = " `" + path + '`';
  bio_pointer file{BIO_new_file(path.c_str(), "re")};
  if (!file) complain("authority_file: cannot read" + name + ": " + system_problem() + cure);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    complain("authority_file:" + name + " is a directory" + cure);
  add_certificates(store, *file, "authority_file", name);
}

void add_text(X509_STORE& store, const std::string& pem) {
  bio_pointer text{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  if (!text) throw std::bad_alloc{};
  add_certificates(store, *text, "authority_pem", "");
}

/// OpenSSL calls a certificate damaged, too, if it had no memory to decode it: what is wrong is looked at
/// twice.
template <class Add>
void add_twice_if_wrong(Add add) {
  try {
    return add();
  } catch (const std::invalid_argument&) {
  }
  add();
}

/// The system's file and directories. What is wrong with one of its many certificates isn't our user's
/// business.
void add_system(SSL_CTX& context, X509_STORE& store) {
  const int added = SSL_CTX_set_default_verify_paths(&context);  // says 1 even where there is nothing
  if (added != 1 || openssl_lacks_memory()) throw std::bad_alloc{};
  ERR_clear_error();
  const STACK_OF(X509_OBJECT)* all = X509_STORE_get0_objects(&store);
  for (int i = 0; i < sk_X509_OBJECT_num(all); ++i)
    if (X509* const each = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i))) is_usable(*each);
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
  ERR_clear_error();
  if (settings.system_authorities) add_system(context, store);
  if (!settings.authority_file.empty()) add_twice_if_wrong([&] { add_file(store, settings.authority_file); });
  if (!settings.authority_pem.empty()) add_twice_if_wrong([&] { add_text(store, settings.authority_pem); });
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
