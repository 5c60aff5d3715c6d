// The engine's second part: what happens on links and to attempts, and what it means.
#include "core/engine.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <new>
#include <utility>

namespace ephemint::inline v0::core {

namespace {

permit_use use_of(reply_facts::answer what) noexcept {
  return what == reply_facts::answer::rate_limited ? permit_use::rate_limited : permit_use::admitted;
}

}  // namespace

// --- attempts ---

/// Tells the governor how an attempt's permit was used.
void engine::settle(const attempt& a, permit_use use, time_point now,
                    std::optional<duration> retry_after) noexcept {
  if (a.now == attempt::state::to_send) return governor_.give_back(now, a.spent);
  const account_id& account = a.of ? a.of->account : a.account;
  governor_.on_reply(now, a.spent, {use, account.str(), a.sent_at, retry_after});
}

/// Tells the key's gate what a reply says about the key.
void engine::settle_key(const attempt& a, const reply_facts& reply, time_point now) noexcept {
  using answer = reply_facts::answer;
  if (reply.what == answer::minted) return key_.on_minted(a.key_version);
  if (reply.what == answer::key_refused) {
    const account_id& account = a.of ? a.of->account : a.account;
    key_.on_refused(now, a.probes_key, std::hash<account_id>{}(account), a.key_version);
  } else if (a.probes_key) {
    key_.probe_undone(a.key_version);
  }
}

/// The mint stops waiting for the attempt's reply; if it has another attempt under way, it goes on waiting
/// for that. Returns the mint, or null if none waited.
mint* engine::detach(attempt& a) noexcept {
  mint* const m = std::exchange(a.of, nullptr);
  if (!m) return nullptr;
  if (observer_) note_ended(a, *m);
  if (a.to_hedge.is_linked()) hedgeable_.erase(hedgeable_.iterator_to(a));
  if (attempt* const other = std::exchange(a.beside, nullptr)) {
    other->beside = nullptr;
    m->under_way = other;
    m->until = other->sent_at;
    return m;
  }
  m->under_way = nullptr;
  m->where = mint::place::nowhere;
  --in_flight_;
  counts_.queued_background += is_background(*m);
  return m;
}

/// Forgets an attempt that was settled and for which nobody waits.
void engine::end(attempt& a, time_point now) noexcept {
  assert(!a.of);
  if (a.to_tell.is_linked()) {
    attempt_list& told = a.now == attempt::state::to_send ? sends_ : drops_;
    told.erase(told.iterator_to(a));
  }
  links_.take_off(a, now);
  attempts_.end(a);
}

/// Nobody waits for the attempt any more. Its reply may still come, so that its link can be used again.
void engine::drop(attempt& a, time_point now) noexcept {
  outage_.probe_undone(a.of->probe);
  if (a.now == attempt::state::to_send) return unsend(a, now);
  note_unanswered(a, now);
  a.account = a.of->account;
  tell(*detach(a), attempt_outcome::cancelled, now);
  a.now = attempt::state::draining;
  drops_.push_back(a);
  attempts_.set_due(a, add(now, drain_time));
}

/// The reply for which nobody waits hasn't come, and its link carries other requests.
void engine::give_up(attempt& a, time_point now) noexcept {
  settle(a, permit_use::unknown, now);
  if (a.probes_key) key_.probe_undone(a.key_version);
  a.now = attempt::state::given_up;
  a.was_on = a.on->id;
  attempts_.set_due(a, never);
  links_.take_off(a, now);
  if (!a.to_tell.is_linked()) drops_.push_back(a);  // else its `drop` is still pending: one command is enough
}

/// The attempt never left: it counts as never begun.
void engine::unsend(attempt& a, time_point now) noexcept {
  settle(a, permit_use::unknown, now);
  if (a.probes_key) key_.probe_undone(a.key_version);
  --a.on->served;
  --counts_.requests;
  detach(a);
  end(a, now);
}

void engine::on_reply(time_point now, attempt_id id, reply_facts&& reply) noexcept {
  attempt* const a = attempts_.find(id);
  if (!a || a->now == attempt::state::given_up) return;
  last_event_ = now;
  link& l = *a->on;
  if (l.now == link::state::probing) links_.heard(l, now);
  const permit_use use = use_of(reply.what);
  if (use == permit_use::rate_limited) {
    ++counts_.rate_limited;
    hedges_.on_rate_limited();
  }
  // In any other reply `Retry-After` is for its own mint alone (R13).
  settle(*a, use, now, use == permit_use::rate_limited ? reply.retry_after : std::nullopt);
  settle_key(*a, reply, now);
  // A link's first reply shows that its dial succeeded. Being connected doesn't: a server may accept
  // connections that it can't serve, and then close them. Nor do replies on older links.
  if (!l.health.answered()) dials_.succeeded();
  // Smoothed as TCP smooths its round trip. The limit is for a process that was stopped meanwhile.
  usual_reply_ += (std::min(between(now, a->sent_at), settings_.attempt_timeout) - usual_reply_) / 8;
  if (hedges_.on() && a->of && reply.what == reply_facts::answer::minted)
    hedges_.on_token(between(now, a->sent_at));
  note_reply(a->of, reply, now);
  const bool old_key = a->key_version != key_.version();
  const time_point sent_at = a->sent_at;
  const bool hedge = a->why == attempt::reason::hedge;
  mint* const m = detach(*a);
  // One second less than the server allows, so that a request never races the server's close (S11).
  if (reply.keep_alive)
    l.idle_limit =
        std::min<duration>(settings_.links.idle_timeout, *reply.keep_alive - std::chrono::seconds{1});
  if (!reply.reusable || reply.what == reply_facts::answer::elsewhere) links_.retire(l);
  learn(l, reply, m, now);
  end(*a, now);
  links_.answered(l);
  if (l.in_use == 0 && !reply.reusable) {
    forget(l);  // the link ends by itself
  } else if (links_.spent(l, now)) {
    close(l);
  }
  const bool ends_all = m && closing_ && m->deadline == never;
  if (m && m->under_way && left_to_the_other(*m, reply, sent_at, old_key, now)) {
    // its place is still `sent`
  } else if (m && reply.what == reply_facts::answer::key_refused && old_key && !ends_all) {
    go_again(*m);  // its key was rotated away: it goes again, however often that happens (K1)
  } else if (m) {
    conclude(*m, reply, sent_at, now);
    counts_.hedges_won += hedge && m->where == mint::place::over && m->end.why == outcome::cause::token;
  }
  if (m) tell(*m, outcome_of(reply, *m), now, &reply);
  advance(now);
}

/// What a reply means for its mint.
void engine::conclude(mint& m, reply_facts& reply, time_point sent_at, time_point now) noexcept {
  using answer = reply_facts::answer;
  using cause = outcome::cause;
  if (reply.what != answer::minted) met(m, reply.said);
  switch (reply.what) {
    case answer::minted:
      retry_.succeeded();
      if (window_.good(sent_at, now)) {
        m.token = std::move(reply.token);
        return finish(m, cause::token, mint_errc{});
      }
      ++counts_.expired;
      return try_again(m, trouble::too_late, now, cause::engine, mint_errc::timed_out);
    case answer::rate_limited:
      return try_again(m, trouble::rate_limited, now, cause::said, mint_errc::rate_limited);
    case answer::throttled:
      return try_again(m, trouble::throttled, now, cause::said, mint_errc::rate_limited, reply.retry_after);
    case answer::elsewhere:
      return try_again(m, trouble::transport, now, cause::said, mint_errc::server_error, reply.retry_after);
    case answer::server_error:
      return try_again(m, trouble::server_error, now, cause::said, mint_errc::server_error,
                       reply.retry_after);
    case answer::key_refused:
      return finish(m, cause::said, mint_errc::unauthorized);
    case answer::rejected:
      return finish(m, cause::said, mint_errc::rejected);
    case answer::malformed:
      return finish(m, cause::said, mint_errc::bad_response);
  }
}

void engine::on_attempt_lost(time_point now, attempt_id id, fate what, const failure_facts& why) noexcept {
  attempt* const a = attempts_.find(id);
  if (!a || a->now == attempt::state::given_up) return;
  last_event_ = now;
  if (what == fate::unsent) a->now = attempt::state::to_send;
  if (a->now == attempt::state::to_send) --counts_.requests;
  settle(*a, permit_use::unknown, now);
  if (a->probes_key) key_.probe_undone(a->key_version);
  link& l = *a->on;
  mint* const m = detach(*a);
  end(*a, now);
  if (l.shared && what == fate::unprocessed) {
    ++counts_.refused;
    if (l.now == link::state::open) links_.refused(l);
  }
  const auto where = l.shared ? again::over_any : again::over_a_fresh_one;
  const bool turned_away = what == fate::unprocessed && turns_away(l);
  if (links_.spent(l, now)) close(l);
  if (m) turned_away ? take_elsewhere(*m, why, now) : lose(*m, what, why, where, now);
  if (m && what != fate::unsent) tell(*m, outcome_of(what), now);
  advance(now);
}

/// Whether the link has answered requests and takes no more now, as with a server that closes each connection
/// after a number of requests. Connections that were filled alike end together.
bool engine::turns_away(const link& l) noexcept {
  return l.shared && l.now == link::state::retiring && l.health.answered();
}

/// The link turned the mint away. That isn't the mint's fault, and others made progress: it costs neither an
/// attempt nor the free replacement.
void engine::take_elsewhere(mint& m, const failure_facts& why, time_point now) noexcept {
  const bool may = settings_.retry_stale_connections && m.turned_away < most_turned_away;
  if (!may || m.under_way || (closing_ && m.deadline == never))
    return lose(m, fate::unprocessed, why, again::over_any, now);
  ++m.turned_away;
  met(m, why.said);
  outage_.probe_undone(m.probe);
  go_again(m);
}

// --- links ---

/// Closes a link without requests on it.
void engine::close(link& l) noexcept {
  if (untell(l)) return forget(l);  // its `dial` was never performed
  links_.close(l);
  closing_links_.push_back(l);
}

/// Forgets a link without requests on it that needn't be closed.
void engine::forget(link& l) noexcept {
  untell(l);
  links_.close(l);
  links_.release(l);
}

/// Withdraws a link's pending command. Returns whether that was its `dial`.
bool engine::untell(link& l) noexcept {
  if (!l.to_tell.is_linked()) return false;
  const bool unknown = l.now == link::state::dialling;
  link_list& told = unknown ? dialled_ : probed_;
  told.erase(told.iterator_to(l));
  return unknown;
}

/// Closes a link with all attempts on it. No mint may still wait for any of them.
void engine::shut(link& l, time_point now) noexcept {
  while (!l.attempts.empty()) {
    attempt& a = l.attempts.front();
    settle(a, permit_use::unknown, now);
    if (a.probes_key) key_.probe_undone(a.key_version);
    end(a, now);
  }
  close(l);
}

/// Whether the link ends so early, and unused, that it counts as a failed dial.
bool engine::born_dead(const link& l, time_point now) noexcept {
  return l.served == 0 && between(now, l.opened_at) < newcomer;
}

/// Whatever closed one link may have closed the idle ones too (S2, S6).
void engine::close_resting() noexcept {
  links_.for_each([this](link& l) {
    if (l.now == link::state::open && l.in_use == 0) close(l);
  });
}

void engine::on_link_open(time_point now, link_id id, link_room room) noexcept {
  link* const l = links_.find(id);
  if (!l || l->now != link::state::dialling) return;
  last_event_ = now;
  dial_said_something_ = false;
  outage_.probe_undone(l->probe);  // a connection is no answer yet: a request must ask
  assert(room.shared || room.capacity <= 1);
  dials_.opened(room);
  links_.open(*l, {0, room.shared}, now);
  if (room.settling)
    l->settled_at = add(now, std::clamp<duration>(between(now, l->begun_at), least_settling, most_settling));
  on_capacity(now, id, room.capacity);
}

void engine::on_capacity(time_point now, link_id id, std::uint32_t capacity) noexcept {
  link* const l = links_.find(id);
  if (!l || l->now == link::state::dialling) return;
  last_event_ = now;
  try {
    // Attempts on retiring links, or above a capacity that fell, need places too.
    attempts_.prepare(links_.granted() + capacity + attempts_.size());
    links_.set_capacity(*l, capacity);
    if (l->shared) dials_.granted(capacity);
  } catch (const std::bad_alloc&) {
    if (l->in_use == 0) close(*l);  // without places it is useless; another is dialled when there is memory
    lack_memory(now);
  }
  advance(now);
}

void engine::on_link_heard(time_point now, link_id id) noexcept {
  link* const l = links_.find(id);
  if (!l || l->now != link::state::probing) return;
  last_event_ = now;
  links_.heard(*l, now);
  advance(now);
}

void engine::on_link_settled(time_point now, link_id id) noexcept {
  link* const l = links_.find(id);
  if (!l) return;
  l->settled_at = time_point::min();
  advance(now);
}

void engine::on_link_retiring(time_point now, link_id id) noexcept {
  link* const l = links_.find(id);
  if (!l || l->now == link::state::dialling) return;
  last_event_ = now;
  const bool stillborn = born_dead(*l, now);
  const failure_facts nothing_said{.said = mint_error{mint_errc::connect_failed}};
  if (stillborn)
    note_failed_dial(*l, nothing_said, now);
  else if (!l->health.answered())
    dials_.failed(*l, now);  // a server that turns all requests away is dialled less and less often
  links_.retire(*l);
  if (l->in_use == 0) close(*l);
  if (stillborn) dial_went_wrong(now, nothing_said);
  advance(now);
}

void engine::on_dial_failed(time_point now, link_id id, const failure_facts& why) noexcept {
  link* const l = links_.find(id);
  if (!l || l->now != link::state::dialling) return;
  last_event_ = now;
  next_look_up_ = why.not_before;
  addresses_.mark(l->address, address_trouble::broke, now);  // its session was established, and ended at once
  note_failed_dial(*l, why, now);
  dials_.postpone(next_look_up_);  // no dial while the resolver remembers the failure (N10)
  forget(*l);
  dial_went_wrong(now, why);
  advance(now);
}

/// Ends the mints for which no other link is left or coming.
void engine::dial_went_wrong(time_point now, const failure_facts& why) noexcept {
  ++counts_.failed_dials;
  dial_said_ = why.said;
  dial_said_something_ = links_.live() == 0;
  end_warm_ups(why.code, why.said);
  const bool hopeless = !why.retryable || dials_.failures_in_a_row() >=
                                              static_cast<std::uint32_t>(settings_.retry.max_attempts);
  if (!hopeless) return;
  // When the name is looked up again, if that was the failure. Our own back-off doesn't tell when the server
  // will be back.
  const time_point retry_at = why.not_before > now ? why.not_before : never;
  const auto end = [&](mint& m) {
    take_out(m, now);
    met(m, why.said);
    finish(m, outcome::cause::said, why.code, retry_at);
  };
  // Mints that wait for a fresh link end; the others end only if no link and no dial is left (Q4).
  for (auto at = fresh_.begin(); at != fresh_.end();) {
    mint& m = *at++;
    if (m.until != time_point::min()) waits_out(m, why, now) ? hold(m, now) : end(m);
  }
  if (links_.total() > 0) return;
  if (!why.retryable)
    while (!held_.empty()) to_queue(*held_.begin(), now);
  while (mint* m = first_in_line()) waits_out(*m, why, now) ? hold(*m, now) : end(*m);
}

void engine::on_link_gone(time_point now, link_id id, const failure_facts& why, fate what) noexcept {
  link* const l = links_.find(id);
  if (!l) return;
  if (l->now == link::state::dialling) return on_dial_failed(now, id, why);
  last_event_ = now;
  gone(*l, what, why, now);
  advance(now);
}

void engine::on_send_failed(time_point now, link_id id, attempt_id which) noexcept {
  link* const l = links_.find(id);
  if (!l) return;
  last_event_ = now;
  if (attempt* const a = attempts_.find(which)) a->now = attempt::state::to_send;
  gone(*l, fate::unknown, {}, now);
  advance(now);
}

/// Takes all attempts off a link.
engine::mints_of_a_link engine::strip(link& l, fate what, const mint_error& said, time_point now) noexcept {
  mints_of_a_link its;
  while (!l.attempts.empty()) {
    attempt& a = l.attempts.front();
    const bool never_left = a.now == attempt::state::to_send;
    if (never_left) --counts_.requests;
    settle(a, permit_use::unknown, now);
    if (a.probes_key) key_.probe_undone(a.key_version);
    mint* const m = detach(a);
    if (m && m->under_way) {  // goes on with its other attempt
      met(*m, said);
      if (never_left)
        --m->attempts;
      else
        tell(*m, outcome_of(what), now);
    } else if (m) {
      live_.erase(live_.iterator_to(*m));
      (never_left ? its.unsent : its.sent).push_back(*m);
    }
    end(a, now);
  }
  return its;
}

/// A link has ended by itself, with all attempts on it.
void engine::gone(link& l, fate what, const failure_facts& why, time_point now) noexcept {
  const bool stillborn = born_dead(l, now);
  if (stillborn) note_failed_dial(l, why, now);
  mints_of_a_link its = strip(l, what, why.said, now);
  const bool merely_stale = what == fate::unprocessed || its.sent.empty();
  const bool lost_any = !its.sent.empty() || !its.unsent.empty();
  if (stillborn || !merely_stale) addresses_.mark(l.address, address_trouble::broke, now);
  forget(l);
  if (stillborn) dial_went_wrong(now, why);
  if (why.retryable && merely_stale && lost_any) close_resting();
  const auto lose_all = [&](mint_list& some, fate its_fate) {
    while (!some.empty()) {
      mint& m = some.front();
      some.pop_front();
      live_.push_back(m);
      lose(m, its_fate, why, again::over_a_fresh_one, now);
      if (its_fate != fate::unsent) tell(m, outcome_of(its_fate), now);
    }
  };
  lose_all(its.unsent, fate::unsent);
  lose_all(its.sent, what);
}

// --- the whole ---

void engine::on_warm_up(time_point now, warm_up& w) noexcept {
  last_event_ = now;
  warm_ups_.push_back(w);
  if (closing_) end_warm_ups(mint_errc::closed, {});
  advance(now);
}

void engine::on_cancel(time_point now, warm_up& w) noexcept {
  if (w.over) return;
  last_event_ = now;
  w.over = w.failed = true;
  w.code = mint_errc::cancelled;
  warm_ups_.erase(warm_ups_.iterator_to(w));
  warmed_.push_back(w);
  advance(now);
}

void engine::end_warm_ups(mint_errc code, const mint_error& said) noexcept {
  while (!warm_ups_.empty()) {
    warm_up& w = warm_ups_.front();
    warm_ups_.pop_front();
    w.over = w.failed = true;
    w.code = code;
    w.said = said;
    warmed_.push_back(w);
  }
}

void engine::on_close(time_point now) noexcept {
  last_event_ = now;
  closing_ = true;
  end_warm_ups(mint_errc::closed, {});
  for (auto at = live_.begin(); at != live_.end();) {
    mint& m = *at++;
    if (m.deadline != never || m.where == mint::place::sent) continue;
    take_out(m, now);
    finish(m, outcome::cause::engine, mint_errc::closed);
  }
  advance(now);
}

void engine::on_shutdown(time_point now) noexcept {
  last_event_ = now;
  closing_ = drained_ = true;
  end_warm_ups(mint_errc::closed, {});
  while (!live_.empty()) {
    mint& m = live_.front();
    take_out(m, now);
    finish(m, outcome::cause::engine, mint_errc::closed);
  }
  links_.for_each([&](link& l) { shut(l, now); });
}

void engine::say_drained(time_point now) noexcept {
  if (drained_ || live_mints_ > 0) return;
  links_.for_each([&](link& l) { shut(l, now); });
  drained_ = tell_drained_ = true;
}

}  // namespace ephemint::inline v0::core
