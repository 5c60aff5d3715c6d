#pragma once

#include <ephemint/gateway/export.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::gateway {

/// A caller that may use the backend listener over TCP, and for which accounts. The gateway knows only the
/// hash of its token.
struct bearer {
  std::string name;                              ///< for the log: 1 to 64 of `A-Z a-z 0-9 _ - .`
  std::array<unsigned char, 32> token_sha256{};  ///< of the token that `Authorization: Bearer` carries
  /// The accounts for which it may ask; a `*` at the end of one stands for any rest. Empty: all.
  std::vector<std::string> accounts{};
};

/// Reads a file of bearers, one on each line: `name sha256-of-token [account-pattern…]`. Blank lines and
/// lines that begin with `#` are skipped. Throws `std::invalid_argument`, naming the line and what is right,
/// unless there is at least one bearer, no name or token comes twice, and each hash has 64 hexadecimal
/// digits.
EPHEMINT_GATEWAY_EXPORT std::vector<bearer> parse_bearers(std::string_view text);

}  // namespace ephemint::inline v0::gateway
