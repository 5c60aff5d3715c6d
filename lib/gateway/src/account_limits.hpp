#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/gateway/server_options.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// Keeps one impatient customer's reloads from using up everybody's quota: a token bucket an account. It
/// remembers those that were asked for last, a bounded number of them.
class account_limits {
 public:
  explicit account_limits(const account_rate&, std::size_t most = 100'000);

  /// Takes a login of that account's, or says how long from now one will be free.
  std::optional<clock::duration> take(std::string_view account, clock::time_point now);
  /// One that was taken came to nothing.
  void give_back(std::string_view account);
};

}  // namespace ephemint::inline v0::gateway
