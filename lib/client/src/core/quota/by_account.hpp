#pragma once

#include "core/time.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace ephemint::inline v0::core {

/// Counts by account. A count that holds no more information than a new one (`forgettable`) is dropped when
/// new accounts come, a few at a time, so that a million accounts that each came once don't stay in memory
/// (behaviours: Q8).
template <class Count>
class by_account {
 public:
  /// The account's count. If there is none, `make()` must give it as a `std::unique_ptr`. Throws what `make`
  /// throws, and `std::bad_alloc`; then no count was added.
  template <class Make>
  Count& at(time_point now, std::string_view account, Make make) {
    if (Count* const found = find(account)) return *found;
    std::unique_ptr<Count> made = make();
    Count& count = *counts_.emplace(std::string{account}, std::move(made)).first->second;
    sweep(now, count);
    return count;
  }

  /// Null if there is none.
  Count* find(std::string_view account) noexcept {
    const auto found = counts_.find(account);
    return found == counts_.end() ? nullptr : found->second.get();
  }

  /// Calls `f(Count&)` for each.
  template <class F>
  void for_each(F f) const {
    for (const auto& entry : counts_) f(*entry.second);
  }

  std::size_t size() const noexcept { return counts_.size(); }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  /// Checks two buckets for each new account, so that the whole map was checked before it can double.
  void sweep(time_point now, const Count& made) noexcept {
    for (int i = 0; i < 2 && counts_.bucket_count() > 0; ++i) {
      next_bucket_ = (next_bucket_ + 1) % counts_.bucket_count();
      const std::string* name = nullptr;
      for (auto entry = counts_.begin(next_bucket_); entry != counts_.end(next_bucket_); ++entry)
        if (entry->second.get() != &made && entry->second->forgettable(now)) name = &entry->first;
      if (name) counts_.erase(counts_.find(*name));
    }
  }

  std::unordered_map<std::string, std::unique_ptr<Count>, text_hash, std::equal_to<>> counts_;
  std::size_t next_bucket_ = 0;
};

}  // namespace ephemint::inline v0::core
