#include "core/quota/account_counts.hpp"

#include <memory>

namespace ephemint::inline v0::core {

governed_count& account_counts::at(time_point now, std::string_view account) {
  splitmix after = random_;
  bool made = false;
  governed_count& count = counts_.at(now, account, [&] {
    made = true;
    return std::make_unique<governed_count>(quota_, after.next());
  });
  if (made) random_ = after;
  return count;
}

}  // namespace ephemint::inline v0::core
