#include "access/account_limits.hpp"

#include <algorithm>

namespace ephemint::inline v0::gateway {

account_limits::account_limits(const account_rate& rate, std::size_t most)
    : one_{rate.requests == 0 ? clock::duration{0} : clock::duration{rate.window} / rate.requests},
      all_{one_ * rate.burst},
      most_{most} {}

account_limits::bucket& account_limits::bucket_of(std::string_view account) {
  if (const auto known = places_.find(account); known != places_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, known->second);
    return buckets_.front();
  }
  if (buckets_.size() == most_) {
    places_.erase(buckets_.back().account);
    buckets_.pop_back();
  }
  bucket& made = buckets_.emplace_front(bucket{std::string{account}});
  places_.emplace(made.account, buckets_.begin());
  return made;
}

std::optional<clock::duration> account_limits::take(std::string_view account, clock::time_point now) {
  if (one_ == clock::duration{0}) return std::nullopt;
  bucket& of_account = bucket_of(account);
  const clock::time_point full_at = std::max(of_account.full_at, now) + one_;
  if (full_at - now > all_) return full_at - now - all_;
  of_account.full_at = full_at;
  return std::nullopt;
}

void account_limits::give_back(std::string_view account) {
  if (const auto known = places_.find(account); known != places_.end()) known->second->full_at -= one_;
}

}  // namespace ephemint::inline v0::gateway
