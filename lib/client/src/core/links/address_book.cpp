#include "core/links/address_book.hpp"

#include <algorithm>

namespace ephemint::inline v0::core {

void address_book::mark(const address_id& who, address_trouble what, time_point now) noexcept {
  if (who.family == 0) return;
  auto place = std::ranges::find(marks_, who, &entry::who);
  if (place == marks_.end()) place = std::ranges::min_element(marks_, {}, &entry::since);
  *place = {who, what, now};
}

address_book::rank address_book::rank_of(const address_id& who, time_point now) const noexcept {
  const auto marked = std::ranges::find(marks_, who, &entry::who);
  if (marked != marks_.end() && marked->holds(now)) return {rank::tier::bad, marked->since};
  bool own = false, other = false;
  for (const entry& e : marks_)
    if (e.what == address_trouble::silent && e.holds(now)) (e.who.family == who.family ? own : other) = true;
  return {own && !other ? rank::tier::doubtful : rank::tier::good, {}};
}

}  // namespace ephemint::inline v0::core
