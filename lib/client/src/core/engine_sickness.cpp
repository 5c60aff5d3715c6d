// The engine's fourth part: what tells of sick nodes, and how links, addresses and mints get out of their
// way.
#include "core/engine.hpp"

namespace ephemint::inline v0::core {

namespace {

link_health::reply health_of(reply_facts::answer what) noexcept {
  using answer = reply_facts::answer;
  if (what == answer::server_error) return link_health::reply::error;
  return what == answer::malformed ? link_health::reply::garbage : link_health::reply::well;
}

}  // namespace

void engine::on_address_failed(time_point now, const address_id& which, address_trouble what) noexcept {
  addresses_.mark(which, what, now);
}

void engine::on_address_taken(link_id id, const address_id& which) noexcept {
  if (link* const l = links_.find(id)) l->address = which;
}

/// What a reply tells of its link, and of the address behind it; and who heard a 5xx goes over another link
/// next time (A1, A3, A6).
void engine::learn(link& l, reply_facts::answer what, mint* m, time_point now) noexcept {
  if (m && what == reply_facts::answer::server_error) m->shuns = l.id;
  if (!l.health.retires_after(health_of(what))) return;
  addresses_.mark(l.address, address_trouble::broke, now);
  links_.retire(l);
}

/// A link for the first in line. Where only the one that it shuns has room, that one is retired, so that
/// another may be dialled, whatever the bound on connections; nobody behind it waits for that longer than for
/// a dial.
link* engine::room_for(const mint& m, time_point now) noexcept {
  link* const found = links_.with_room(now, time_point::min(), m.shuns);
  if (found || m.shuns == 0) return found;
  link* const shunned = links_.find(m.shuns);
  if (!shunned || shunned->now != link::state::open || shunned->in_use >= shunned->capacity) return nullptr;
  links_.retire(*shunned);
  if (links_.spent(*shunned, now)) close(*shunned);
  return nullptr;
}

}  // namespace ephemint::inline v0::core
