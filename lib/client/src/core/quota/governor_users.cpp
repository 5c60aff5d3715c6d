#include "core/quota/governor_users.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace ephemint::inline v0::core {

std::uint32_t governor_users::join(std::weak_ptr<quota_listener> listener) {
  users_.push_back({last_ + 1, std::move(listener)});
  return ++last_;
}

void governor_users::leave(std::uint32_t client) noexcept {
  std::erase_if(users_, [=](const user& u) { return u.client == client; });
}

void governor_users::wake(std::uint32_t client) noexcept {
  for (user& u : users_) u.to_wake |= u.client == client;
}

void governor_users::wake_all() noexcept {
  for (user& u : users_) u.to_wake = true;
}

/// Calls listeners without the lock, as they are foreign code. A few at a time, in an array, so that nothing
/// is allocated.
void governor_users::tell(std::unique_lock<std::mutex> lock) noexcept {
  std::array<std::shared_ptr<quota_listener>, 8> told;
  for (bool more = true; more;) {
    more = take_listeners(told);
    lock.unlock();
    for (auto& listener : told)
      if (listener) std::exchange(listener, nullptr)->quota_changed();
    if (more) lock.lock();
  }
}

/// Returns whether there are more.
bool governor_users::take_listeners(std::span<std::shared_ptr<quota_listener>> told) noexcept {
  std::size_t count = 0;
  for (user& u : users_) {
    if (!u.to_wake) continue;
    if (count == told.size()) return true;
    u.to_wake = false;
    if ((told[count] = u.listener.lock())) ++count;
  }
  return false;
}

}  // namespace ephemint::inline v0::core
