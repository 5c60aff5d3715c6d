#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace ephemint::inline v0::core {

/// Counts by account. Each new account drops a few counts that say no more than a new one would, so that a
/// million accounts that each came once don't stay (behaviours: Q8). The counts that remain don't move.
template <class Count>
class by_account {
 public:
  /// Adds the account's count, made from `parts`. Precondition: it has none yet.
  /// `forgettable(const Count&)`: whether a count may be dropped. Throws `std::bad_alloc`; then nothing was
  /// added.
  template <class Forgettable, class... Parts>
  Count& add(std::string_view account, Forgettable forgettable, Parts&&... parts) {
    Count& count = counts_.try_emplace(std::string{account}, std::forward<Parts>(parts)...).first->second;
    sweep(count, forgettable);
    return count;
  }

  /// Null if there is none.
  Count* find(std::string_view account) noexcept {
    const auto found = counts_.find(account);
    return found == counts_.end() ? nullptr : &found->second;
  }

  /// Calls `f(Count&)` for each.
  template <class F>
  void for_each(F f) {
    for (auto& entry : counts_) f(entry.second);
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
  template <class Forgettable>
  void sweep(const Count& made, Forgettable forgettable) noexcept {
    for (int i = 0; i < 2 && counts_.bucket_count() > 0; ++i) {
      next_bucket_ = (next_bucket_ + 1) % counts_.bucket_count();
      const std::string* name = nullptr;
      for (auto entry = counts_.begin(next_bucket_); entry != counts_.end(next_bucket_); ++entry)
        if (&entry->second != &made && forgettable(std::as_const(entry->second))) name = &entry->first;
      if (name) counts_.erase(counts_.find(*name));
    }
  }

  std::unordered_map<std::string, Count, text_hash, std::equal_to<>> counts_;
  std::size_t next_bucket_ = 0;
};

}  // namespace ephemint::inline v0::core
