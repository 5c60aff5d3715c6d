#include "net/dial/authorities.hpp"

#include "net/dial/openssl_errors.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
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

struct store_deleter {
  void operator()(X509_STORE* store) const noexcept { X509_STORE_free(store); }
};
using store_pointer = std::unique_ptr<X509_STORE, store_deleter>;
using certificates = std::vector<certificate_pointer>;

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

/// If memory runs out, OpenSSL may silently mistake a root for a certificate that another authority has
/// issued, and keeps that mistake: then no server whose chain ends in this root is trusted. A copy is decoded
/// anew. False: the copy is a root, although the original isn't marked as one.
bool is_no_root_for_sure(X509& authority) {
  const auto is_root = [](X509& one) { return (X509_get_extension_flags(&one) & EXFLAG_SS) != 0; };
  const bool names_itself = (X509_get_extension_flags(&authority) & EXFLAG_SI) != 0;
  if (!names_itself || is_root(authority)) return true;
  const certificate_pointer copy{checked(X509_dup(&authority))};
  return !is_root(*copy);
}

/// OpenSSL decodes a certificate's key and extensions only once, on first use. If memory ran out at that
/// moment, the certificate is unusable for ever, or its key counts as weak. So both are checked now.
bool is_usable(X509& authority) {
  const EVP_PKEY* const key = X509_get0_pubkey(&authority);
  const bool usable =
      key != nullptr && EVP_PKEY_get_security_bits(key) > 0 && X509_check_purpose(&authority, -1, 0) == 1;
  if (usable && is_no_root_for_sure(authority)) return true;
  if (usable || openssl_lacks_memory()) throw std::bad_alloc{};
  ERR_clear_error();
  return false;
}

/// The certificates in PEM text; `source` is where it came from, for messages.
certificates certificates_of(BIO& text, const std::string& option, const std::string& source) {
  certificates found;
  const auto next_one = [&] { return option + ": certificate " + std::to_string(found.size() + 1); };
  for (;;) {
    // `_AUX`: accepts `TRUSTED CERTIFICATE` as well, as OpenSSL's own loader does.
    certificate_pointer next{PEM_read_bio_X509_AUX(&text, nullptr, nullptr, nullptr)};
    if (!next) break;
    if (!is_usable(*next)) complain(next_one() + " has a key of an unknown kind, or invalid extensions");
    found.push_back(std::move(next));
  }
  if (openssl_lacks_memory()) throw std::bad_alloc{};
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    complain(next_one() + " is damaged; PEM text of whole certificates is needed");
  ERR_clear_error();
  if (found.empty()) complain(option + ":" + source + " holds no certificate; PEM text is needed");
  return found;
}

certificates read_file(const std::string& path) {
  const std::string name = " `" + path + '`';
  bio_pointer file{BIO_new_file(path.c_str(), "re")};  // e: close-on-exec (H7)
  if (!file) complain("authority_file: cannot read" + name + ": " + system_problem() + cure);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    complain("authority_file:" + name + " is a directory" + cure);
  return certificates_of(*file, "authority_file", name);
}

certificates read_text(const std::string& pem) {
  bio_pointer text{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  if (!text) throw std::bad_alloc{};
  return certificates_of(*text, "authority_pem", "");
}

/// OpenSSL also calls a certificate damaged if it had no memory to decode it, so after an error it is read
/// again.
certificates twice_if_wrong(certificates (*read)(const std::string&), const std::string& from) {
  try {
    return read(from);
  } catch (const std::invalid_argument&) {
  }
  return read(from);
}

void add(X509_STORE& store, X509* certificate) {
  if (X509_STORE_add_cert(&store, certificate) != 1) throw std::bad_alloc{};
}

void add(X509_STORE& store, const certificates& all) {
  for (const certificate_pointer& each : all) add(store, each.get());
}

/// The system's file and directories. An error in one of their many certificates doesn't concern our user.
void add_system(SSL_CTX& context, X509_STORE& store) {
  const int added = SSL_CTX_set_default_verify_paths(&context);  // returns 1 even if there is nothing
  if (added != 1 || openssl_lacks_memory()) throw std::bad_alloc{};
  ERR_clear_error();
  const STACK_OF(X509_OBJECT)* all = X509_STORE_get0_objects(&store);
  for (int i = 0; i < sk_X509_OBJECT_num(all); ++i)
    if (X509* const each = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i))) is_usable(*each);
}

/// Whether there are files with names like `12345678.0`, by which OpenSSL finds certificates in a directory.
bool has_hashed_files(const std::string& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator at{directory, error}, end; !error && at != end;
       at.increment(error))
    if (at->path().stem().native().size() == 8 && at->path().extension().native().size() == 2) return true;
  return false;
}

/// Whether the system's directories hold any certificates. OpenSSL itself looks there only when it needs an
/// issuer.
bool system_directories_have_files() {
  const char* named = std::getenv(X509_get_default_cert_dir_env());
  std::istringstream list{named ? named : X509_get_default_cert_dir()};
  for (std::string directory; std::getline(list, directory, ':');)
    if (has_hashed_files(directory)) return true;
  return false;
}

bool holds_any(X509_STORE& store) { return sk_X509_OBJECT_num(X509_STORE_get0_objects(&store)) > 0; }

bool same(const certificate_pointer& a, const certificate_pointer& b) noexcept {
  return X509_cmp(a.get(), b.get()) == 0;
}

/// A pipe can be read only once, and reading it again could block.
bool is_gone_once_read(const std::string& path) {
  std::error_code ignored;
  const auto type = std::filesystem::status(path, ignored).type();
  return type == std::filesystem::file_type::fifo || type == std::filesystem::file_type::character;
}

}  // namespace

authorities::authorities(SSL_CTX& context, const endpoint_settings& settings)
    : context_{context}, file_{settings.authority_file}, system_{settings.system_authorities} {
  X509_STORE& store = *SSL_CTX_get_cert_store(&context);
  ERR_clear_error();
  if (system_) add_system(context, store);
  if (!settings.authority_pem.empty()) add(store, twice_if_wrong(&read_text, settings.authority_pem));
  if (!file_.empty()) from_file_ = twice_if_wrong(&read_file, file_);
  add(store, from_file_);
  if (holds_any(store) || (system_ && system_directories_have_files())) return;
  throw std::invalid_argument{system_
                                  ? "system_authorities: this system has no certificate authorities; install "
                                    "them (ca-certificates), or name "
                                    "some in authority_file or authority_pem"
                                  : "system_authorities: off, and neither authority_file nor authority_pem "
                                    "names one; there is nothing to "
                                    "trust"};
}

bool authorities::read_again(clock::time_point now) {
  if (file_.empty() || now < not_before_) return false;
  ERR_clear_error();
  if (is_gone_once_read(file_)) return false;
  try {
    certificates found = twice_if_wrong(&read_file, file_);
    problem_.clear();
    const bool others = !std::ranges::equal(found, from_file_, same);
    if (others) replace(std::move(found));
    not_before_ = now + pause;
    return others;
  } catch (const std::invalid_argument& why) {
    problem_ = why.what();
    not_before_ = now + pause;
    return false;
  }
}

/// A store can't forget a certificate, so a new store replaces it, with all certificates that didn't come
/// from the file.
void authorities::replace(certificates now_in_file) {
  store_pointer fresh{X509_STORE_new()};
  if (!fresh) throw std::bad_alloc{};
  const auto is_from_file = [this](const X509* certificate) {
    return std::ranges::any_of(from_file_, [&](const auto& each) { return each.get() == certificate; });
  };
  const STACK_OF(X509_OBJECT)* all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(&context_));
  for (int i = 0; i < sk_X509_OBJECT_num(all); ++i)
    if (X509* const each = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i)); each && !is_from_file(each))
      add(*fresh, each);
  if (system_) {
    X509_LOOKUP* const directories = X509_STORE_add_lookup(fresh.get(), X509_LOOKUP_hash_dir());
    if (!directories || X509_LOOKUP_add_dir(directories, nullptr, X509_FILETYPE_DEFAULT) != 1)
      throw std::bad_alloc{};
  }
  add(*fresh, now_in_file);
  SSL_CTX_set_cert_store(&context_, fresh.release());
  from_file_ = std::move(now_in_file);
}

}  // namespace ephemint::inline v0::net
