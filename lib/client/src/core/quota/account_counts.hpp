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
/// Reason: of a batch's million accounts each mints once a window, and its count must be kept until that is
/// over. So a count is whole only while a permit of its account is out or waited for, and the few words that
/// say what it knows otherwise: a sixth of the memory.
class account_counts {
 public:
  account_counts(const quota& q, std::uint64_t seed) : quota_{q}, seed_{seed} {}

  /// Its count, made if it isn't there; valid until it is put to rest. Throws `std::bad_alloc`; then nothing
  /// has changed.
  governed_count& at(time_point now, std::string_view account);
  /// One of `at`'s is put to rest, if it can be.
  void rest(governed_count&) noexcept;
  /// When its permit after `ahead` others can be had.
  time_point estimate(time_point now, std::string_view account, priority, std::size_t ahead) noexcept;

 private:
  struct awake;
  /// Of one account: one of both.
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
