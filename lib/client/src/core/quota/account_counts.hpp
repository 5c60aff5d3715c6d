#pragma once

#include "core/quota/by_account.hpp"
#include "core/quota/governed_count.hpp"
#include "core/random.hpp"
#include "core/time.hpp"

#include <ephemint/quota.hpp>

#include <cstdint>
#include <string_view>

namespace ephemint::inline v0::core {

/// Accounts by name, each with a window of its own.
class account_counts {
 public:
  account_counts(const quota& q, std::uint64_t seed) : quota_{q}, random_{seed} {}

  /// The account's count, which is made if it isn't there. Throws `std::bad_alloc`; the next call then makes
  /// the same count.
  governed_count& at(time_point now, std::string_view account);
  /// Null if there is none.
  governed_count* find(std::string_view account) noexcept { return counts_.find(account); }

 private:
  quota quota_;
  splitmix random_;
  by_account<governed_count> counts_;
};

}  // namespace ephemint::inline v0::core
