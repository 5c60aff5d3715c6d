// The engine's third part: what follows every event. It ends what is over, and sends what can go.
#include "core/engine.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace ephemint::inline v0::core {

void engine::on_tick(time_point now) noexcept {
  armed_ = never;
  advance(now);
}

void engine::advance(time_point now) noexcept {
  last_event_ = now;
  expire_attempts(now);
  expire_links(now);
  expire_mints(now);
  end_patience(now);
  while (mint* const m = queue_.wake(now)) placed(*m);
  recall(now);
  dispatch(now);
  if (hedges_.on()) hedge_the_late(now);
  check_warm_ups(now);
  dial_as_needed(now);
  if (observer_) note_hold_ups(now);
  if (closing_) say_drained(now);
  set_wake(now);
}

void engine::expire_attempts(time_point now) noexcept {
  while (attempt* const a = attempts_.expired(now)) time_out(*a, now);
}

/// A link that isn't shared is closed. On a shared link only the request is given up; but if a mint waited
/// for it, the link takes no more requests until it gives a sign of life, as it may be dead.
void engine::time_out(attempt& a, time_point now) noexcept {
  link& l = *a.on;
  mint* const m = a.of;
  const bool never_left = a.now == attempt::state::to_send;
  if (m) note_unanswered(a, now);
  if (never_left) {
    --counts_.requests;
    --l.served;
  }
  if (l.shared && !never_left) {
    if (m) a.account = m->account;
    detach(a);
    give_up(a, now);
    if (m) suspect(l, now);
  } else {
    settle(a, permit_use::unknown, now);
    if (a.probes_key) key_.probe_undone(a.key_version);
    detach(a);
    end(a, now);
  }
  if (!l.shared || links_.spent(l, now)) {
    if (m && !never_left) addresses_.mark(l.address, address_trouble::silent, now);
    close(l);
  }
  if (!m) return;
  if (!m->under_way)
    time_out(*m, now);
  else if (never_left)
    --m->attempts;  // the other attempt decides
  if (!never_left) tell(*m, attempt_outcome::timed_out, now);
}

void engine::time_out(mint& m, time_point now) noexcept {
  note_lost(m, mint_error{mint_errc::timed_out}, now);
  try_again(m, trouble::timed_out, now, outcome::cause::engine, mint_errc::timed_out);
}

/// A request on a shared link got no answer. A sign of life will tell whether the cause is the request or the
/// link. Earlier answers don't tell: of requests that left together, one may have been answered before the
/// link died.
void engine::suspect(link& l, time_point now) noexcept {
  if (l.now != link::state::open) return;
  links_.suspect(l, add(now, settings_.attempt_timeout));
  probed_.push_back(l);
}

void engine::expire_links(time_point now) noexcept {
  while (link* const l = links_.expired(now)) {
    if (l->now == link::state::probing) {
      // All requests on it have timed out by now, as none left after the probe.
      addresses_.mark(l->address, address_trouble::silent, now);
      shut(*l, now);
    } else if (l->in_use == 0) {
      close(*l);
    } else {
      links_.retire(*l);
    }
  }
}

void engine::expire_mints(time_point now) noexcept {
  while (!deadlines_.empty() && deadlines_.begin()->deadline <= now) {
    mint& m = *deadlines_.begin();
    take_out(m, now);
    finish(m, outcome::cause::engine, mint_errc::timed_out);
  }
}

mint* engine::front() noexcept {
  mint* const m = queue_.front(priority::interactive);
  return m ? m : queue_.front(priority::background);
}

/// Brings mints, links and permits together. The permit is taken last, so that none is wasted in a queue, and
/// a pause that began meanwhile is obeyed.
void engine::dispatch(time_point now) noexcept {
  permit_at_ = never;
  permitless_.reset();
  dispatch_fresh(now);
  while (mint* const m = out_of_attempts(now) ? nullptr : front()) {
    if (left_for_fresh(*m, now)) {
      dispatch_fresh(now);
      continue;
    }
    link* const l = room_for(*m, now);
    if (!l || !dispatch_to(*l, *m, now)) break;
  }
}

/// Whether no more attempts can begin. Attempts that were given up make room once their commands were
/// performed. With a key that never minted only a few go at once: if it is wrong, each of them costs a permit
/// (R8).
bool engine::out_of_attempts(time_point now) noexcept {
  const bool enough = attempts_.size() >= most_with_a_new_key && !key_.proven();
  if (!enough && !attempts_.full()) return false;
  if (!drops_.empty()) permit_at_ = now;
  return true;
}

void engine::dispatch_fresh(time_point now) noexcept {
  while (!fresh_.empty() && !out_of_attempts(now)) {
    mint& m = *fresh_.begin();
    link* const l = links_.with_room(now, m.until);
    if (!l || !dispatch_to(*l, m, now)) break;
  }
}

/// False: no permit now for this mint, nor for any behind it.
bool engine::dispatch_to(link& l, mint& m, time_point now) noexcept {
  if (held_back(m, now)) return hold(m, now), true;
  const std::uint64_t version = key_.version();  // read first: the key that is sent may be newer
  const key_guard::permission key = key_.may_send(now);
  if (key == key_guard::permission::fail) return fail_refused(key_.not_before(now, usual_reply_), now), true;
  if (key == key_guard::permission::fail_logins && fail_refused_logins(now)) return true;
  const bool probes_key = key == key_guard::permission::go_as_probe;
  const bool key_is_good = key == key_guard::permission::go || probes_key;
  admission ruling{.not_before = key_.not_before(now, usual_reply_)};
  if (key_is_good) {
    try {
      ruling = governor_.try_acquire(now, asks(m));
    } catch (...) {  // no memory
      ruling = {.not_before = add(now, memory_pause)};
    }
  }
  if (ruling.what == admission::verdict::granted)
    return send_on(l, m, {ruling.granted_permit, version, probes_key}, now), true;
  if (probes_key) key_.probe_undone(version);
  if (ruling.not_before == never) return fail_permitless(m, now), true;
  const time_point when = std::max(ruling.not_before, now + std::chrono::milliseconds{1});
  if (m.where == mint::place::fresh) return to_queue(m, now), true;
  // The key is common to all accounts: mints that it holds up go as soon as its gate opens (K3).
  if (settings_.scope == quota_scope::per_account && key_is_good)
    return put_off(m, when, std::min(when, add(now, longest_wait))), true;
  permit_at_ = std::min({permit_at_, when, add(now, longest_wait)});
  permitless_ = m.urgency;
  fail_hopeless(m.urgency, when, now);
  return false;
}

void engine::send_on(link& l, mint& m, const leave_to_send& leave, time_point now) noexcept {
  if (m.where == mint::place::head)
    queue_.serve(m);
  else
    take_out(m, now);
  const auto why = std::exchange(m.in_place, false) ? attempt::reason::replacement
                   : m.attempts + m.forgiven > 0    ? attempt::reason::retry
                                                    : attempt::reason::first;
  m.where = mint::place::sent;
  m.until = now;
  m.probe = outage_.take_probe(now);
  m.under_way = &begin_on(l, m, leave, why, now);
  placed(m);
  ++in_flight_;
  counts_.queued_background -= is_background(m);
  if (hedges_.on() && !m.hedged && m.probe == 0 && !leave.probes_key) hedgeable_.push_back(*m.under_way);
}

attempt& engine::begin_on(link& l, mint& m, const leave_to_send& leave, attempt::reason why,
                          time_point now) noexcept {
  attempt& a = attempts_.begin();
  a.why = why;
  if (why != attempt::reason::first) ++counts_.retries;
  a.of = &m;
  a.spent = leave.granted;
  a.probes_key = leave.probes_key;
  a.key_version = leave.key_version;
  a.sent_at = now;
  attempts_.set_due(a, add(now, settings_.attempt_timeout));
  links_.put_on(l, a);
  ++m.attempts;
  a.number = static_cast<std::uint16_t>(m.attempts + m.forgiven);
  a.first_on_link = l.served == 1;
  ++counts_.requests;
  sends_.push_back(a);
  return a;
}

/// Ends every waiting mint of that urgency or less to which a permit at `permit` would bring no token before
/// its deadline (C5).
void engine::fail_hopeless(priority most_urgent, time_point permit, time_point now) noexcept {
  const time_point earliest = add(permit, usual_reply_);
  for (auto at = deadlines_.begin(); at != deadlines_.end() && at->deadline < earliest;) {
    mint& m = *at++;
    if (m.where == mint::place::sent || m.urgency < most_urgent) continue;
    take_out(m, now);
    finish(m, outcome::cause::engine, mint_errc::rate_limited, permit);
  }
}

/// The governor expects no permit for this mint; nor, if all accounts share one count, for any other that
/// waits.
void engine::fail_permitless(mint& m, time_point now) noexcept {
  if (settings_.scope == quota_scope::per_account) {
    take_out(m, now);
    return finish(m, outcome::cause::engine, mint_errc::rate_limited);
  }
  while (mint* const waiting = first_in_line()) {
    take_out(*waiting, now);
    finish(*waiting, outcome::cause::engine, mint_errc::rate_limited);
  }
}

/// The key is known to be refused: all waiting mints fail now, instead of each spending a permit to learn
/// that (R8).
void engine::fail_refused(time_point retry_at, time_point now) noexcept {
  while (mint* const m = first_in_line()) {
    take_out(*m, now);
    finish(*m, outcome::cause::engine, mint_errc::unauthorized, retry_at);
  }
}

/// The key seems to be refused: waiting logins fail now, as their users wait; a batch goes on waiting.
/// Returns whether there was a login.
bool engine::fail_refused_logins(time_point now) noexcept {
  const time_point retry_at = key_.not_before(now, usual_reply_);
  bool any = false;
  for (auto at = deadlines_.begin(); at != deadlines_.end();) {
    mint& m = *at++;
    if (m.where == mint::place::sent) continue;
    take_out(m, now);
    finish(m, outcome::cause::engine, mint_errc::unauthorized, retry_at);
    any = true;
  }
  return any;
}

/// Ends every waiting mint whose deadline comes before the next name look-up: there is no link, and there can
/// be none before then (N10).
void engine::fail_nameless(time_point now) noexcept {
  for (auto at = deadlines_.begin(); at != deadlines_.end() && at->deadline <= next_look_up_;) {
    mint& m = *at++;
    take_out(m, now);
    met(m, dial_said_);
    finish(m, outcome::cause::said, mint_errc::connect_failed, next_look_up_);
  }
}

/// Dials while more mints wait for a link than the dials under way will make room for, and their permit is
/// near.
void engine::dial_as_needed(time_point now) noexcept {
  dial_at_ = never;
  if (now < next_look_up_ && links_.total() == 0) fail_nameless(now);
  for (;;) {
    const std::size_t coming = links_.dialling() * dials_.expected_capacity();
    const bool warm = warm_target() > links_.capacity() + coming;
    if (!warm) {
      mint* const m = first_in_line();
      std::size_t waiting = fresh_.size();
      if (!links_.any_room())
        waiting += queue_.size(priority::interactive) + queue_.size(priority::background);
      // A probe may go while another dial hangs.
      if (!m || waiting == 0 || (waiting <= coming && !probe_due(now))) return;
      if (held_back(*m, now)) {
        hold(*m, now);
        continue;
      }
      const bool room = place_for_a_dial() && dials_.room_beside(links_.dialling());
      // The usual case under load: the code below could only find that a dial must wait.
      if (!room && !probe_due(now) && fresh_.empty() && settings_.scope == quota_scope::per_api_key &&
          !key_.failing(now, false))
        return;
      if (key_.failing(now, true)) {
        fail_refused(permit_at(*m, now, 0), now);
        continue;
      }
      if (key_.failing(now, false) && fail_refused_logins(now)) continue;
      if (!worth_a_dial(*m, now)) {
        if (dial_at_ != never) return;
        continue;
      }
    }
    if (!dial(now)) return;
  }
}

/// Whether the mint's permit is near enough for a dial. If not, the mint was moved elsewhere, or `dial_at_`
/// says when to check again.
bool engine::worth_a_dial(mint& m, time_point now) noexcept {
  // The mints for which dials are under way take permits of the same quota, unless each account has its own.
  const bool shared = settings_.scope == quota_scope::per_api_key;
  const time_point permit = permit_at(m, now, shared ? links_.dialling() * dials_.expected_capacity() : 0);
  if (permit <= add(now, dial_lead)) return true;
  if (permit == never) return fail_permitless(m, now), false;
  const time_point near =
      std::min(std::max(add(permit, -duration{dial_lead}), add(now, dial_check)), add(now, longest_wait));
  const bool all_wait = shared || key_.not_before(now, usual_reply_) > now;
  if (m.where == mint::place::fresh) {
    to_queue(m, now);
  } else if (!all_wait) {
    put_off(m, permit, near);
  } else {
    dial_at_ = near;
    permitless_ = m.urgency;
    if (links_.total() == 0) fail_hopeless(m.urgency, permit, now);
  }
  return false;
}

/// If no more links are allowed, an unused one that may be dead is closed to make room.
bool engine::place_for_a_dial() noexcept {
  if (links_.may_begin()) return true;
  link* const useless = links_.probing_at_rest();
  if (useless) close(*useless);
  return useless != nullptr;
}

/// False: no dial now; `dial_at_` says when.
bool engine::dial(time_point now) noexcept try {
  if (!place_for_a_dial()) return false;
  // A probe has its own pace, and may go while another dial hangs: that one may hang for longer than the
  // outage lasts.
  const bool probes = probe_due(now) && now >= next_look_up_ && links_.dialling() < dial_rules::max_dials;
  if (!probes && !dials_.may_dial(now, links_.dialling())) {
    dial_at_ = dials_.next(now, links_.dialling());
    return false;
  }
  link& l = links_.begin(now);
  dials_.begun(l);
  l.begun_at = now;
  l.probe = outage_.take_probe(now);
  ++counts_.dials;
  dialled_.push_back(l);
  return true;
} catch (const std::bad_alloc&) {
  dial_at_ = add(now, memory_pause);
  lack_memory(now);
  return false;
}

/// There is no memory to begin a dial. Mints wait for memory until their deadlines; warm-ups have no
/// deadline, so they end.
void engine::lack_memory(time_point now) noexcept {
  dials_.postpone(add(now, memory_pause));
  end_warm_ups(mint_errc::connect_failed, mint_error{mint_errc::connect_failed});
}

std::size_t engine::warm_target() const noexcept {
  std::size_t most = 0;
  for (const warm_up& w : warm_ups_) most = std::max(most, w.wanted);
  return most;
}

/// Ends the warm-ups that have as much room as they wanted, or as there can be.
void engine::check_warm_ups(time_point now) noexcept {
  warm_at_ = never;
  for (auto at = warm_ups_.begin(); at != warm_ups_.end();) {
    warm_up& w = *at++;
    if (!warmed(w, now)) continue;
    w.over = true;
    warm_ups_.erase(warm_ups_.iterator_to(w));
    warmed_.push_back(w);
  }
}

/// Whether a warm-up is over. It waits for the links to settle: a request that comes while the server still
/// completes the handshake would have to wait for that (Q9).
bool engine::warmed(const warm_up& w, time_point now) noexcept {
  if (w.wanted > links_.capacity() && !links_.complete()) return false;
  std::size_t settled = 0;
  time_point next = never;
  links_.for_each([&](const link& l) {
    if (l.now != link::state::open) return;
    if (l.settled_at <= now)
      settled += l.capacity;
    else
      next = std::min(next, l.settled_at);
  });
  if (settled >= w.wanted || next == never) return true;
  warm_at_ = std::min(warm_at_, next);
  return false;
}

void engine::set_wake(time_point now) noexcept {
  time_point when = std::min({attempts_.next_due(), links_.next_due(), queue_.next_wake(), permit_at_,
                              dial_at_, warm_at_, outage_wake(now)});
  if (!deadlines_.empty()) when = std::min(when, deadlines_.begin()->deadline);
  if (hedges_.on()) when = std::min(when, hedge_wake(now));
  // A wake-up whose time has passed without an `on_tick` (its timer couldn't be set) doesn't count.
  if (when == never || (armed_ > now && when >= armed_)) return;
  wake_ = armed_ = std::max(when, now);
}

}  // namespace ephemint::inline v0::core
