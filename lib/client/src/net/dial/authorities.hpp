#pragma once

#include "net/dial/endpoint.hpp"

#include <ephemint/clock.hpp>

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::net {

struct certificate_deleter {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using certificate_pointer = std::unique_ptr<X509, certificate_deleter>;

/// The authorities that a TLS context trusts. Their file may be replaced on disk while the client lives, as
/// mounted secrets are.
class authorities {
 public:
  /// A server that isn't trusted must not make us read the file all the time.
  static constexpr std::chrono::seconds pause{10};

  /// Puts the certificates that `settings` names into the context's store; the context must outlive this.
  /// Throws `std::invalid_argument`, naming the option, if a file or text has none, or if there is nothing at
  /// all to trust.
  authorities(SSL_CTX&, const endpoint_settings&);

  /// Whether there is a file that may be read again.
  bool may_change() const noexcept { return !file_.empty(); }
  /// Reads the file again, but not sooner than `pause` after the last time. True: it holds other certificates
  /// than before, and the context trusts these instead. Otherwise nothing has changed. Blocks while the file
  /// is read. Throws `std::bad_alloc`, and then may try again at once.
  bool read_again(clock::time_point now);
  /// Why the last `read_again` couldn't use the file; empty if it could.
  std::string_view problem() const noexcept { return problem_; }

 private:
  void replace(std::vector<certificate_pointer> now_in_file);

  SSL_CTX& context_;
  const std::string file_;
  const bool system_;
  std::vector<certificate_pointer> from_file_;
  clock::time_point not_before_ = clock::time_point::min();
  std::string problem_;
};

}  // namespace ephemint::inline v0::net
