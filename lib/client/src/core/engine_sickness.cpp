// The engine's fifth part: what tells of sick nodes, and how links, addresses and mints get out of their
// way.
#include "core/engine.hpp"

namespace ephemint::inline v0::core {

namespace {

/// One bad reply of many on a shared link accuses the link no more than an error does: the others may be
/// well.
link_health::reply health_of(const reply_facts& reply, bool is_shared) noexcept {
  using answer = reply_facts::answer;
  if (reply.what == answer::server_error) return link_health::reply::error;
  const bool garbage = reply.what == answer::malformed || reply.foreign;
  if (!garbage) return link_health::reply::well;
  return is_shared ? link_health::reply::error : link_health::reply::garbage;
}

}  // namespace

void engine::on_address_failed(time_point now, const address_id& which, address_trouble what) noexcept {
  addresses_.mark(which, what, now);
}

void engine::on_address_taken(link_id id, const address_id& which) noexcept {
  if (link* const l = links_.find(id)) l->address = which;
}

/// What a reply tells of its link, and of the address behind it; and a mint that got a 5xx goes over another
/// link next time (A1, A3, A6).
void engine::learn(link& l, const reply_facts& reply, mint* m, time_point now) noexcept {
  const bool error = reply.what == reply_facts::answer::server_error;
  // What failed elsewhere too tells of both links; and its next attempt needs a place for a fresh one.
  const bool failed_elsewhere = error && m && m->troubles > 0 && m->shuns != l.id;
  if (error && m) m->shuns = l.id;
  if (!l.health.retires_after(health_of(reply, l.shared)) && !failed_elsewhere) return;
  addresses_.mark(l.address, address_trouble::broke, now);
  links_.retire(l);
}

/// Links that were dialled together lead to the same node: the first in line, if two of them failed it,
/// leaves the queue for one that opened since, and so for another address, or whatever else a balancer has.
/// Not where it might wait there for ever: where as many stand as may, and none of them is such a one.
bool engine::left_for_fresh(mint& m, time_point now) noexcept {
  if (m.troubles < 2) return false;
  m.troubles = 0;  // once: should it come back for want of a permit, any link will do
  if (!links_.may_begin() && !links_.with_room(now, m.troubled_at)) return false;
  take_out(m, now);
  to_fresh(m, m.troubled_at);
  return true;
}

/// A link for the first in line. Where only the one that it shuns has room, that one is retired, so that
/// another may be dialled, whatever the bound on connections; nobody behind it waits for that longer than for
/// a dial. But a shared one serves others well, and isn't given up for one mint's trouble.
link* engine::room_for(const mint& m, time_point now) noexcept {
  link* const found = links_.with_room(now, time_point::min(), m.shuns);
  if (found || m.shuns == 0) return found;
  link* const shunned = links_.find(m.shuns);
  if (!shunned || shunned->now != link::state::open || shunned->in_use >= shunned->capacity) return nullptr;
  if (shunned->shared) return links_.with_room(now, time_point::min());
  links_.retire(*shunned);
  if (links_.spent(*shunned, now)) close(*shunned);
  return nullptr;
}

}  // namespace ephemint::inline v0::core
