#include "core/quota/account_counts.hpp"

#include <functional>
#include <new>
#include <utility>

namespace ephemint::inline v0::core {

governed_count& account_counts::at(time_point now, std::string_view account) {
  entry* found = entries_.find(account);
  if (found && found->count) return *found->count;
  auto count = std::make_unique<awake>(quota_, seed_ ^ std::hash<std::string_view>{}(account));
  if (found) {
    count->wake(found->at_rest.get());
    found->at_rest.reset();
  } else {
    found = &entries_.add(account, [=, this](const entry& e) { return forgettable(now, e); });
  }
  count->of = found;
  found->count = std::move(count);
  return *found->count;
}

void account_counts::rest(governed_count& count) noexcept {
  const std::size_t words = count.put_to_rest(nullptr);
  if (words == 0) return;
  std::unique_ptr<std::uint64_t[]> at_rest{new (std::nothrow) std::uint64_t[words]};
  if (!at_rest) return;
  count.put_to_rest(at_rest.get());
  entry& e = *static_cast<awake&>(count).of;
  e.at_rest = std::move(at_rest);
  e.count.reset();
}

time_point account_counts::estimate(time_point now, std::string_view account, priority urgency,
                                    std::size_t ahead) noexcept {
  entry* const found = entries_.find(account);
  if (!found) return now;
  if (found->count) return found->count->estimate(now, urgency, ahead);
  governed_count count{quota_, 0};
  count.wake(found->at_rest.get());
  const time_point when = count.estimate(now, urgency, ahead);
  count.put_to_rest(found->at_rest.get());  // fits: with time a count only gets smaller
  return when;
}

bool account_counts::forgettable(time_point now, const entry& e) const noexcept {
  if (e.count) return e.count->forgettable(now);
  if (governed_count::used_lately(now, quota_.window(), e.at_rest.get())) return false;
  governed_count count{quota_, 0};
  count.wake(e.at_rest.get());
  return count.forgettable(now);
}

}  // namespace ephemint::inline v0::core
