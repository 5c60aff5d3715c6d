#pragma once

#include <ephemint/rate_governor.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace ephemint::inline v0::core {

/// The clients of a governor, and how they are told that a permit may be available. Used under the governor's
/// lock.
class governor_users {
 public:
  /// Throws `std::bad_alloc`; then no client was added.
  std::uint32_t join(std::weak_ptr<quota_listener>);
  void leave(std::uint32_t client) noexcept;

  /// Marks the client to be told.
  void wake(std::uint32_t client) noexcept;
  void wake_all() noexcept;
  /// Tells the marked clients, without the lock.
  void tell(std::unique_lock<std::mutex> lock) noexcept;

 private:
  struct user {
    std::uint32_t client;
    std::weak_ptr<quota_listener> listener;
    bool to_wake = false;
  };

  bool take_listeners(std::span<std::shared_ptr<quota_listener>> told) noexcept;

  std::vector<user> users_;
  std::uint32_t last_ = 0;
};

}  // namespace ephemint::inline v0::core
