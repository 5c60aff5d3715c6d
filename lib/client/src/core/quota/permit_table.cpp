#include "core/quota/permit_table.hpp"

namespace ephemint::inline v0::core {

void permit_table::prepare() {
  if (free_ != none) return;
  slots_.push_back({});
  free_ = static_cast<std::uint32_t>(slots_.size() - 1);
  slots_.back().next_free = none;
}

permit permit_table::put(const outstanding_permit& p) noexcept {
  const std::uint32_t index = free_;
  slot& s = slots_[index];
  free_ = s.next_free;
  s.next_free = taken;
  s.content = p;
  ++out_;
  return permit{(std::uint64_t{s.generation} << 32) | index};
}

bool permit_table::take(permit id, outstanding_permit& found) noexcept {
  const auto index = static_cast<std::uint32_t>(id.id);
  if (index >= slots_.size()) return false;
  slot& s = slots_[index];
  if (s.next_free != taken || s.generation != id.id >> 32) return false;
  found = s.content;
  ++s.generation;
  s.next_free = free_;
  free_ = index;
  --out_;
  return true;
}

}  // namespace ephemint::inline v0::core
