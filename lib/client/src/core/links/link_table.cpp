#include "core/links/link_table.hpp"

#include <algorithm>
#include <cassert>

namespace ephemint::inline v0::core {

link_table::link_table(const settings& s, splitmix random) : settings_{s}, random_{random} {}

link_table::~link_table() {
  for (auto& slot : slots_)
    if (slot.held) slot.held->attempts.clear();
  room_.clear();
  due_.clear();
}

link* link_table::with_room(time_point now, time_point since, link_id shunned) noexcept {
  for (link& l : room_)
    if (l.opened_at >= since && l.due > now && l.id != shunned) return &l;
  return nullptr;
}

link* link_table::find(link_id id) noexcept {
  const std::uint32_t index = slot_of(id);
  if (index >= slots_.size() || !slots_[index].held || slots_[index].held->id != id) return nullptr;
  link* const found = slots_[index].held.get();
  return found->now == link::state::closing ? nullptr : found;
}

link& link_table::begin(time_point now) {
  auto made = std::make_unique<link>();
  if (free_slots_.empty()) {
    free_slots_.prepare(slots_.size() + 1);
    slots_.emplace_back();
    free_slots_.give(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  const std::uint32_t index = free_slots_.take();
  slot& place = slots_[index];
  made->id = (++place.generation << link_slot_bits) | index;
  // The maximum age varies by a fifth to either side, so that links that were dialled together don't end
  // together (Q5).
  const double spread = 0.8 + 0.4 * random_.unit();
  made->retire_at = add(now, std::chrono::duration_cast<duration>(settings_.max_age * spread));
  made->idle_limit = settings_.idle_timeout;
  place.held = std::move(made);
  ++total_;
  ++dialling_;
  return *place.held;
}

void link_table::open(link& l, link_room room, time_point now) noexcept {
  assert(l.now == link::state::dialling);
  --dialling_;
  ++open_;
  shared_ += room.shared;
  l.now = link::state::open;
  l.opened_at = now;
  l.shared = room.shared;
  l.granted = l.capacity = room.capacity;
  capacity_ += room.capacity;
  granted_ += room.capacity;
  update_room(l);
  set_due(l, due_of(l, now));
}

void link_table::set_capacity(link& l, std::uint32_t granted) noexcept {
  if (l.now == link::state::open || l.now == link::state::probing) granted_ = granted_ - l.granted + granted;
  l.granted = granted;
  l.refusals = 0;
  use_capacity(l, granted);
}

void link_table::refused(link& l) noexcept {
  if (l.refusals == 0 || l.answers > 0) ++l.refusals;  // refusals that come together count as one
  l.answers = 0;
  // At least one place: otherwise no answer could ever come to give the others back.
  use_capacity(l, std::min(l.capacity, std::max(l.in_use, 1u)));
}

void link_table::answered(link& l) noexcept {
  if (l.capacity >= l.granted) return;
  const std::uint32_t wanted = 1u << std::min(l.refusals - 1, 8u);
  if (++l.answers % wanted == 0) use_capacity(l, l.capacity + 1);
}

void link_table::use_capacity(link& l, std::uint32_t capacity) noexcept {
  if (l.now == link::state::open) capacity_ = capacity_ - l.capacity + capacity;
  l.capacity = capacity;
  update_room(l);
}

void link_table::suspect(link& l, time_point until) noexcept {
  assert(l.now == link::state::open);
  leave_open(l);
  l.now = link::state::probing;
  ++probing_;
  update_room(l);
  set_due(l, until);
}

void link_table::heard(link& l, time_point now) noexcept {
  assert(l.now == link::state::probing);
  --probing_;
  l.now = link::state::open;
  ++open_;
  capacity_ += l.capacity;
  update_room(l);
  set_due(l, due_of(l, now));
}

void link_table::retire(link& l) noexcept {
  if (l.now != link::state::open && l.now != link::state::probing) return;
  leave_use(l);
  l.now = link::state::retiring;
  if (l.in_use > 0) set_due(l, never);
  update_room(l);
}

link* link_table::probing_at_rest() noexcept {
  if (probing_ == 0) return nullptr;
  for (auto& slot : slots_)
    if (slot.held && slot.held->now == link::state::probing && slot.held->in_use == 0) return slot.held.get();
  return nullptr;
}

void link_table::leave_open(link& l) noexcept {
  if (l.now != link::state::open) return;
  --open_;
  capacity_ -= l.capacity;
}

/// The link takes no more requests, for good.
void link_table::leave_use(link& l) noexcept {
  if (l.now != link::state::open && l.now != link::state::probing) return;
  leave_open(l);
  granted_ -= l.granted;
  probing_ -= l.now == link::state::probing;
}

void link_table::put_on(link& l, attempt& a) noexcept {
  assert(l.now == link::state::open && l.in_use < l.capacity);
  a.on = &l;
  l.attempts.push_back(a);
  if (l.in_use++ == 0) set_due(l, due_of(l, a.sent_at));
  ++l.served;
  update_room(l);
}

void link_table::take_off(attempt& a, time_point now) noexcept {
  link& l = *a.on;
  l.attempts.erase(l.attempts.iterator_to(a));
  a.on = nullptr;
  if (--l.in_use == 0 && l.now == link::state::open) set_due(l, due_of(l, now));
  update_room(l);
}

bool link_table::spent(const link& l, time_point now) const noexcept {
  return l.in_use == 0 && (l.now == link::state::retiring || (l.now == link::state::open && l.due <= now));
}

void link_table::close(link& l) noexcept {
  assert(l.attempts.empty());
  if (l.now == link::state::dialling)
    --dialling_;
  else
    shared_ -= l.shared;
  leave_use(l);
  l.now = link::state::closing;
  update_room(l);
  set_due(l, never);
  --total_;
}

void link_table::release(link& l) noexcept {
  assert(l.now == link::state::closing);
  const std::uint32_t index = slot_of(l.id);
  slots_[index].held.reset();
  free_slots_.give(index);
}

/// When an open link must be checked. A link for a single request is checked when it is idle again, but a
/// shared link may never be idle.
time_point link_table::due_of(const link& l, time_point now) noexcept {
  if (l.in_use == 0) return std::min(add(now, l.idle_limit), l.retire_at);
  return l.shared ? l.retire_at : never;
}

/// A link that gets room goes to the front of the list; a full one leaves it.
void link_table::update_room(link& l) noexcept {
  const bool room = l.now == link::state::open && l.in_use < l.capacity;
  if (room == l.in_room.is_linked()) return;
  if (room)
    room_.push_front(l);
  else
    room_.erase(room_.iterator_to(l));
}

void link_table::set_due(link& l, time_point due) noexcept {
  if (l.in_due.is_linked()) due_.erase(due_.iterator_to(l));
  l.due = due;
  if (due != never) due_.insert(due_.end(), l);  // the end is a hint: most are the last to be due
}

link* link_table::expired(time_point now) noexcept {
  return due_.empty() || due_.begin()->due > now ? nullptr : &*due_.begin();
}

time_point link_table::next_due() const noexcept { return due_.empty() ? never : due_.begin()->due; }

}  // namespace ephemint::inline v0::core
