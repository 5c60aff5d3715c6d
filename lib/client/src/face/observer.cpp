#include "shell/client_impl.hpp"

#include <ephemint/observer.hpp>

namespace ephemint::inline v0 {

std::optional<client_stats> client_view::stats() const noexcept {
  const auto impl = impl_.lock();
  if (!impl) return std::nullopt;
  return impl->stats();
}

bool client_view::same_quota(const client_view& other) const noexcept {
  const auto a = impl_.lock();
  const auto b = other.impl_.lock();
  return a && b && &a->governor() == &b->governor();
}

}  // namespace ephemint::inline v0
