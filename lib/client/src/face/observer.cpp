#include "shell/client_figures.hpp"

#include <ephemint/observer.hpp>

namespace ephemint::inline v0 {

std::optional<client_stats> client_view::stats() const noexcept {
  const auto figures = figures_.lock();
  if (!figures) return std::nullopt;
  return figures->stats();
}

bool client_view::same_quota(const client_view& other) const noexcept {
  const auto a = figures_.lock();
  const auto b = other.figures_.lock();
  return a && b && &a->governor() == &b->governor();
}

}  // namespace ephemint::inline v0
