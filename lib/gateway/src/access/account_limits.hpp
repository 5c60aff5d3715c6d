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

/// Keeps one impatient customer's reloads from using up the whole quota: a token bucket for each account. It
/// remembers a bounded number of accounts, those asked for last, and forgets accounts whose bucket is full
/// again.
class account_limits {
 public:
  explicit account_limits(const account_rate&, std::size_t most = 100'000);

  /// Takes a login from the account's bucket, or says how long from now one will be available.
  std::optional<clock::duration> take(std::string_view account, clock::time_point now);
  /// A login that was taken has failed, and doesn't count.
  void give_back(std::string_view account);

  /// How many accounts it remembers.
  std::size_t size() const noexcept { return buckets_.size(); }

 private:
  /// A bucket is stored as the moment at which it will be full again. Each login moves that moment by the
  /// time in which one login comes back. If it is in the past the bucket is full.
  struct bucket {
    std::string account;
    clock::time_point full_at{};
  };

  void forget_last();
  bucket& bucket_of(std::string_view account);

  clock::duration one_;  ///< the time in which one login comes back; 0: no limit
  clock::duration all_;  ///< the time in which the whole burst comes back
  std::size_t most_;
  std::list<bucket> buckets_;  ///< the one asked for last is first
  std::unordered_map<std::string_view, std::list<bucket>::iterator> places_;
};

}  // namespace ephemint::inline v0::gateway
