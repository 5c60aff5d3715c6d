#include "core/attempts/attempt_store.hpp"

#include <algorithm>
#include <cassert>

namespace ephemint::inline v0::core {

attempt_store::~attempt_store() { due_.clear(); }

void attempt_store::prepare(std::size_t attempts) {
  const std::size_t wanted = std::min(attempts, most);
  if (wanted <= slots_.size()) return;
  free_.prepare(wanted);
  while (slots_.size() < wanted) {
    slots_.push_back(std::make_unique<slot>());
    free_.give(static_cast<std::uint32_t>(slots_.size() - 1));
  }
}

attempt& attempt_store::begin() noexcept {
  const std::uint32_t index = free_.take();
  slot& place = *slots_[index];
  assert(!place.taken);
  place.taken = true;
  ++size_;
  attempt& a = place.held;
  a.id = (++place.generation << slot_bits) | index;
  a.now = attempt::state::to_send;
  return a;
}

attempt* attempt_store::find(attempt_id id) noexcept {
  const std::uint32_t index = id & (most - 1);
  if (index >= slots_.size()) return nullptr;
  slot& place = *slots_[index];
  return place.taken && place.held.id == id ? &place.held : nullptr;
}

void attempt_store::end(attempt& a) noexcept {
  set_due(a, never);
  const std::uint32_t index = a.id & (most - 1);
  slots_[index]->taken = false;
  free_.give(index);
  --size_;
}

void attempt_store::set_due(attempt& a, time_point due) noexcept {
  if (a.in_due.is_linked()) due_.erase(due_.iterator_to(a));
  a.due = due;
  if (due != never) due_.insert(due_.end(), a);  // the end is a hint: most are the last to be due
}

attempt* attempt_store::expired(time_point now) noexcept {
  return due_.empty() || due_.begin()->due > now ? nullptr : &*due_.begin();
}

time_point attempt_store::next_due() const noexcept { return due_.empty() ? never : due_.begin()->due; }

}  // namespace ephemint::inline v0::core
