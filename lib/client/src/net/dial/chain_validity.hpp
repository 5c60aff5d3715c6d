#pragma once

#include <openssl/x509.h>

#include <ctime>
#include <limits>

namespace ephemint::inline v0::net {

/// The time in which all certificates of a chain are valid: from `from`, and before `until`.
struct chain_validity {
  std::time_t from = std::numeric_limits<std::time_t>::max();
  std::time_t until = std::numeric_limits<std::time_t>::min();

  bool holds(std::time_t now) const noexcept { return from <= now && now < until; }
};

/// Never valid for an empty chain, or one with an unreadable date.
chain_validity validity_of(const STACK_OF(X509) * chain) noexcept;

}  // namespace ephemint::inline v0::net
