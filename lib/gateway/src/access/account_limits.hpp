#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/gateway/server_options.hpp>

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

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

  /// How many accounts it remembers.
  std::size_t size() const noexcept { return buckets_.size(); }

 private:
  /// A bucket is the moment at which it will be full again: each login moves that by the time in which one
  /// comes back. In the past: it is full.
  struct bucket {
    std::string account;
    clock::time_point full_at{};
  };

  bucket& bucket_of(std::string_view account);

  clock::duration one_;  ///< the time in which one login comes back; 0: no limit
  clock::duration all_;  ///< that of the whole burst
  std::size_t most_;
  std::list<bucket> buckets_;  ///< the one asked for last in front
  std::unordered_map<std::string_view, std::list<bucket>::iterator> places_;
};

}  // namespace ephemint::inline v0::gateway
