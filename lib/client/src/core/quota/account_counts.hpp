#pragma once

#include "core/quota/governed_count.hpp"
#include "core/random.hpp"
#include "core/time.hpp"

#include <ephemint/quota.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ephemint::inline v0::core {

/// Accounts by name. A count that says no more than a new one is dropped while others come, a few a time, so
/// that a million accounts that each came once don't stay (behaviours: Q8).
class account_counts {
 public:
  account_counts(const quota& q, std::uint64_t seed) : quota_{q}, random_{seed} {}

  /// Made if it isn't there. Throws `std::bad_alloc`; the next try then makes the same.
  governed_count& at(time_point now, std::string_view account);
  /// Null if it isn't there.
  governed_count* find(std::string_view account) noexcept;

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  void sweep(time_point now, const governed_count& made) noexcept;

  quota quota_;
  splitmix random_;
  std::unordered_map<std::string, std::unique_ptr<governed_count>, text_hash, std::equal_to<>> counts_;
  std::size_t next_bucket_ = 0;
};

}  // namespace ephemint::inline v0::core
