// The engine's fifth part: how sick nodes are recognized, and how links, addresses and mints avoid them.
#include "core/engine.hpp"

namespace ephemint::inline v0::core {

namespace {

/// On a shared link a bad reply says no more about the link than an error does: the other replies may be
/// good.
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

/// Learns from a reply about its link, and about the address behind it. A mint that got a 5xx takes another
/// link next time (A1, A3, A6).
void engine::learn(link& l, const reply_facts& reply, mint* m, time_point now) noexcept {
  const bool error = reply.what == reply_facts::answer::server_error;
  // If it failed on another link before, both links may be bad; and its next attempt needs room for a fresh
  // link.
  const bool failed_elsewhere = error && m && m->troubles > 0 && m->shuns != l.id;
  if (error && m) m->shuns = l.id;
  if (!l.health.retires_after(health_of(reply, l.shared)) && !failed_elsewhere) return;
  addresses_.mark(l.address, address_trouble::broke, now);
  links_.retire(l);
}

/// Links that were dialled together may lead to the same node. If two of them failed the first mint in line,
/// it leaves the queue and waits for a link that opened after that, and so leads to another address, or to
/// another node of a balancer. It stays if it might wait for ever: if no more links are allowed, and none
/// opened since.
bool engine::left_for_fresh(mint& m, time_point now) noexcept {
  if (m.troubles < 2) return false;
  m.troubles = 0;  // only once: if it comes back for want of a permit, it takes any link
  if (!links_.may_begin() && !links_.with_room(now, m.troubled_at)) return false;
  take_out(m, now);
  to_fresh(m, m.troubled_at);
  return true;
}

/// A link for the first mint in line. If only the link that it shuns has room, that link is retired, so that
/// another may be dialled in spite of the limit on connections; the mints behind it wait no longer than a
/// dial takes. A shared link isn't retired for one mint's trouble, as it serves others well.
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
