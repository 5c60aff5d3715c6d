#pragma once

#include <ephemint/gateway/export.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::gateway {

/// Who may ask the backend listener over TCP, and for which accounts. The gateway knows the token's hash
/// alone.
struct bearer {
  std::string name;                              ///< for the log: 1 to 64 of `A-Z a-z 0-9 _ - .`
  std::array<unsigned char, 32> token_sha256{};  ///< of the token that `Authorization: Bearer` carries
  /// Accounts that it may ask for; `*` at an end stands for any rest. Empty: all.
  std::vector<std::string> accounts{};
};

/// Reads the lines of a file of bearers, `name sha256-of-token [account-pattern…]`; blank ones and those that
/// begin with `#` are skipped. Throws `std::invalid_argument` that names the line and says what is right: at
/// least one bearer, no name or token twice, 64 hexadecimal digits.
EPHEMINT_GATEWAY_EXPORT std::vector<bearer> parse_bearers(std::string_view text);

}  // namespace ephemint::inline v0::gateway
