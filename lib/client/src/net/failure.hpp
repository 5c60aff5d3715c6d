#pragma once

#include <ephemint/error.hpp>

#include <string>

namespace ephemint::inline v0::net {

/// Why a connection couldn't be had, or was lost. Plain: it travels through the engine to whoever waits.
struct failure {
  mint_errc code = mint_errc::connect_failed;
  /// One line: what happened to which host, and what to do. No secrets, no untrusted text.
  std::string message;
  /// False for what won't change by trying again: a certificate that was refused, a host that speaks no TLS.
  bool retryable = true;
};

}  // namespace ephemint::inline v0::net
