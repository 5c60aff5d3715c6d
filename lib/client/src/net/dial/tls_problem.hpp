#pragma once

#include "net/failure.hpp"

#include <string_view>

namespace ephemint::inline v0::net {

/// What is known when TLS failed.
struct tls_evidence {
  std::string_view host;
  unsigned long error = 0;       ///< OpenSSL's first error code
  long verdict = 0;              ///< the result of the certificate check, `X509_V_*`
  std::string_view first_bytes;  ///< the first bytes that the peer sent, up to 5
  bool certificate_demanded = false;
  bool established = false;  ///< the handshake was complete
};

/// What went wrong with which host, and what to do about it.
failure tls_problem(const tls_evidence&);

}  // namespace ephemint::inline v0::net
