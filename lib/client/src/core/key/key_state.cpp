#include "core/key/key_state.hpp"

#include <utility>

namespace ephemint::inline v0::core {

key_state::key_state(secret key) : text_{std::make_shared<const secret>(std::move(key))} {}

key_state::held_key key_state::current() const noexcept {
  const std::lock_guard lock{mutex_};
  return {text_, guard_.version()};
}

void key_state::listen(std::weak_ptr<key_listener> listener) {
  const std::lock_guard lock{mutex_};
  std::erase_if(listeners_, [](const auto& other) { return other.expired(); });
  listeners_.push_back(std::move(listener));
}

void key_state::rotate(secret key) {
  auto text = std::make_shared<const secret>(std::move(key));
  std::vector<std::weak_ptr<key_listener>> listeners;
  {
    const std::lock_guard lock{mutex_};
    listeners = listeners_;
    text_.swap(text);
    guard_.renewed();
  }
  guard_.tell_renewed();
  // The last reference to a listener may end here, and its destructor may call this object, so the lock must
  // not be held.
  for (const auto& listener : listeners)
    if (const auto living = listener.lock()) living->key_changed();
}

}  // namespace ephemint::inline v0::core
