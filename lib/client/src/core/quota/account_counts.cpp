#include "core/quota/account_counts.hpp"

namespace ephemint::inline v0::core {

governed_count& account_counts::at(time_point now, std::string_view account) {
  if (governed_count* const found = find(account)) return *found;
  splitmix after = random_;
  auto made = std::make_unique<governed_count>(quota_, after.next());
  governed_count& count = *counts_.emplace(std::string{account}, std::move(made)).first->second;
  random_ = after;
  sweep(now, count);
  return count;
}

governed_count* account_counts::find(std::string_view account) noexcept {
  const auto found = counts_.find(account);
  return found == counts_.end() ? nullptr : found->second.get();
}

/// Two buckets for each account that is new: the whole map is seen before it can double.
void account_counts::sweep(time_point now, const governed_count& made) noexcept {
  for (int i = 0; i < 2 && counts_.bucket_count() > 0; ++i) {
    next_bucket_ = (next_bucket_ + 1) % counts_.bucket_count();
    const std::string* name = nullptr;
    for (auto entry = counts_.begin(next_bucket_); entry != counts_.end(next_bucket_); ++entry)
      if (entry->second.get() != &made && entry->second->forgettable(now)) name = &entry->first;
    if (name) counts_.erase(counts_.find(*name));
  }
}

}  // namespace ephemint::inline v0::core
