#pragma once

#include "core/key/key_guard.hpp"

#include <ephemint/secret.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace ephemint::inline v0::core {

/// Is told of a new key.
class key_listener {
 public:
  /// Called on the thread that rotates the key, without a lock.
  virtual void key_changed() noexcept = 0;

 protected:
  ~key_listener() = default;
};

/// What the copies of a credential share: the key, its guard, and the listeners for a new key. All functions
/// may be called from any thread.
class key_state {
 public:
  struct held_key {
    std::shared_ptr<const secret> text;  ///< never null; overwritten when the last holder releases it
    std::uint64_t version = 0;
  };

  /// Throws `std::bad_alloc`.
  explicit key_state(secret key);

  held_key current() const noexcept;
  std::uint64_t version() const noexcept { return guard_.version(); }
  key_guard& guard() noexcept { return guard_; }
  const key_guard& guard() const noexcept { return guard_; }

  /// Tells the listener of each new key, for as long as it lives. Throws `std::bad_alloc`; then the listener
  /// wasn't added.
  void listen(std::weak_ptr<key_listener>);
  /// Throws `std::bad_alloc`; then the key hasn't changed.
  void rotate(secret key);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const secret> text_;
  key_guard guard_;  // its version changes under `mutex_`, with the text
  std::vector<std::weak_ptr<key_listener>> listeners_;
};

}  // namespace ephemint::inline v0::core
