#pragma once

#include "core/quota/by_account.hpp"
#include "core/quota/governed_count.hpp"
#include "core/time.hpp"

#include <ephemint/mint_request.hpp>
#include <ephemint/quota.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace ephemint::inline v0::core {

/// Accounts by name, each with a window of its own.
///
/// Reason: each of a batch's million accounts mints once per window, and its count must be kept until the
/// window is over. So a count is held whole only while a permit of its account is out or waited for. The rest
/// of the time it is at rest: only the few words that say what it knows are kept, a sixth of the memory.
class account_counts {
 public:
  account_counts(const quota& q, std::uint64_t seed) : quota_{q}, seed_{seed} {}

  /// The account's count, which is made if there is none; valid until it is put to rest. Throws
  /// `std::bad_alloc`; then nothing has changed.
  governed_count& at(time_point now, std::string_view account);
  /// Puts a count that `at` returned to rest, if possible.
  void rest(governed_count&) noexcept;
  /// When the account can get a permit, after `ahead` others.
  time_point estimate(time_point now, std::string_view account, priority, std::size_t ahead) noexcept;

 private:
  struct awake;
  /// Exactly one of the two is set.
  struct entry {
    std::unique_ptr<awake> count;
    std::unique_ptr<std::uint64_t[]> at_rest;
  };
  struct awake : governed_count {
    awake(const quota& q, std::uint64_t seed) : governed_count{q, seed} {}
    entry* of = nullptr;
  };

  bool forgettable(time_point now, const entry&) const noexcept;

  quota quota_;
  std::uint64_t seed_;
  by_account<entry> entries_;
};

}  // namespace ephemint::inline v0::core
