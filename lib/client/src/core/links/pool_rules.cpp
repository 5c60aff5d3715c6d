#include "core/links/pool_rules.hpp"

#include <algorithm>
#include <cassert>

namespace ephemint::inline v0::core {

pool_rules::pool_rules(settings s, splitmix random) : settings_{s}, random_{random} {}

pool_rules::~pool_rules() {
  idle_.clear();
  due_.clear();
}

lane* pool_rules::idle(time_point now, bool fresh) noexcept {
  for (lane& l : idle_) {
    if (l.due <= now) continue;
    if (!fresh || l.served == 0) return &l;
  }
  return nullptr;
}

lane* pool_rules::find(std::uint32_t id) noexcept {
  const std::uint32_t index = id & ((1u << slot_bits) - 1);
  if (index >= slots_.size() || !slots_[index].held || slots_[index].held->id != id) return nullptr;
  return slots_[index].held.get();
}

void pool_rules::set_due(lane& l, time_point due) noexcept {
  if (l.in_due.is_linked()) due_.erase(due_.iterator_to(l));
  l.due = due;
  if (due != never) due_.insert(l);
}

void pool_rules::leave_state(lane& l) noexcept {
  if (l.now == lane::state::dialling) --dialling_;
  if (l.now == lane::state::idle) idle_.erase(idle_.iterator_to(l));
}

void pool_rules::to_busy(lane& l, job& j, permit p, time_point now, time_point due) noexcept {
  assert(l.now == lane::state::idle);
  leave_state(l);
  l.now = lane::state::busy;
  l.carries = &j;
  l.spent = p;
  l.sent_at = now;
  ++l.served;
  set_due(l, due);
}

void pool_rules::to_draining(lane& l, time_point due) noexcept {
  assert(l.now == lane::state::busy);
  l.now = lane::state::draining;
  l.carries = nullptr;
  set_due(l, due);
}

bool pool_rules::to_idle(lane& l, time_point now) noexcept {
  assert(l.now != lane::state::idle);
  if (now >= l.retire_at) return false;
  leave_state(l);
  l.now = lane::state::idle;
  l.carries = nullptr;
  idle_.push_front(l);
  set_due(l, std::min(now + l.idle_limit, l.retire_at));
  return true;
}

void pool_rules::forget(lane& l) noexcept {
  leave_state(l);
  set_due(l, never);
  const std::uint32_t index = l.id & ((1u << slot_bits) - 1);
  slots_[index].held.reset();
  free_slots_.give(index);
  --total_;
}

bool pool_rules::may_dial(time_point now) const noexcept { return room_to_dial() && now >= dial_not_before_; }

time_point pool_rules::next_dial(time_point now) const noexcept {
  return room_to_dial() && now < dial_not_before_ ? dial_not_before_ : never;
}

lane& pool_rules::start_dial(time_point now) {
  auto made = std::make_unique<lane>();
  if (free_slots_.empty()) {
    free_slots_.prepare(slots_.size() + 1);
    slots_.emplace_back();
    free_slots_.give(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  const std::uint32_t index = free_slots_.take();
  slot& place = slots_[index];
  made->id = (++place.generation << slot_bits) | index;
  // Ages spread by a fifth to either side, so that connections that were dialled together don't end together
  // (Q5).
  const double spread = 0.8 + 0.4 * random_.unit();
  made->retire_at = now + std::chrono::duration_cast<duration>(settings_.max_age * spread);
  made->idle_limit = settings_.idle_timeout;
  made->failures_before = failures_in_a_row_;
  place.held = std::move(made);
  ++total_;
  ++dialling_;
  return *place.held;
}

bool pool_rules::dial_failed(const lane& l, time_point now) noexcept {
  if (l.failures_before != failures_in_a_row_) return false;
  const auto cap = std::min<duration>(settings_.max_backoff, max_dial_backoff);
  const auto shift = std::min<std::uint32_t>(failures_in_a_row_, 16);
  ++failures_in_a_row_;
  const duration whole = std::min<duration>(settings_.first_backoff * (std::int64_t{1} << shift), cap);
  const double part = 0.5 + 0.5 * random_.unit();
  dial_not_before_ = now + std::chrono::duration_cast<duration>(whole * part);
  return true;
}

lane* pool_rules::expired(time_point now) noexcept {
  if (due_.empty() || due_.begin()->due > now) return nullptr;
  return &*due_.begin();
}

time_point pool_rules::next_due() const noexcept { return due_.empty() ? never : due_.begin()->due; }

}  // namespace ephemint::inline v0::core
