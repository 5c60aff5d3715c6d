// The engine's first part: how mints are submitted, end and are tried again, and which commands are pending.
#include "core/engine.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <utility>

namespace ephemint::inline v0::core {

engine::engine(const engine_settings& s, rate_governor& governor, key_guard& key, std::uint64_t seed,
               std::weak_ptr<quota_listener> listener)
    : settings_{s},
      governor_{governor},
      key_{key},
      outage_{outage_guard::of(governor)},
      client_{governor.join(std::move(listener))},
      random_{seed},
      window_{s.min_remaining},
      retry_{s.retry, splitmix{random_.next()}},
      hedges_{{s.hedge, s.attempt_timeout}},
      links_{s.links, splitmix{random_.next()}},
      dials_{s.dials, splitmix{random_.next()}} {
  outage_.join();
}

engine::~engine() {
  // Other clients may share the quota and the key: a permit that never came back would be lost to them for
  // good, and a probe that never ended would keep the gate shut.
  links_.for_each([this](link& l) {
    outage_.probe_undone(l.probe);
    for (attempt& a : l.attempts) {
      settle(a, permit_use::unknown, last_event_);
      if (a.probes_key) key_.probe_undone(a.key_version);
      if (a.of) outage_.probe_undone(a.of->probe);
    }
  });
  drops_.clear();
  sends_.clear();
  hedgeable_.clear();
  closing_links_.clear();
  probed_.clear();
  dialled_.clear();
  over_.clear();
  live_.clear();
  fresh_.clear();
  held_.clear();
  deadlines_.clear();
  warm_ups_.clear();
  warmed_.clear();
  outage_.leave();
  governor_.leave(client_);
}

// --- mints ---

void engine::on_submit(time_point now, mint& m) noexcept {
  last_event_ = now;
  ++counts_.submitted;
  const auto refused = refusal(now, m);
  begin(m, now);
  if (refused) return finish(m, refused->why, refused->code, refused->retry_at);
  line_up(m);
  advance(now);
}

/// If a mint is known to be hopeless before it begins: how it ends.
std::optional<outcome> engine::refusal(time_point now, const mint& m) const noexcept {
  const auto because = [](mint_errc code, time_point retry_at = never) {
    return outcome{.code = code, .retry_at = retry_at};
  };
  if (closing_) return because(mint_errc::closed);
  if (m.deadline <= now) return because(mint_errc::timed_out);
  if (live_mints_ - in_flight_ >= settings_.max_queued) return because(mint_errc::overloaded);
  if (key_.failing(now, m.deadline == never))
    return because(mint_errc::unauthorized, estimate(now, m.account, m.urgency));
  if (m.deadline == never) return std::nullopt;
  const time_point served = estimate(now, m.account, m.urgency);
  if (served > now && hopeless(m, served) && !in_time(now, m))
    return because(mint_errc::rate_limited, served);
  return std::nullopt;
}

void engine::begin(mint& m, time_point now) noexcept {
  assert(m.where == mint::place::nowhere);
  m.account_hash = std::hash<account_id>{}(m.account);
  m.failed_dials_before = dial_failures_;
  m.submitted = now;
  m.number = counts_.submitted;
  if (m.deadline != never) deadlines_.insert(deadlines_.end(), m);  // a hint: most are the last
  if (patient(m)) {
    ++patient_;
    if (!outlasted(m, now)) least_patience_ = std::min(least_patience_, m.outage_patience);
  }
  live_.push_back(m);
  ++live_mints_;
  counts_.queued_background += is_background(m);
}

/// Takes a mint out of the place where it waits.
void engine::take_out(mint& m, time_point now) noexcept {
  switch (m.where) {
    case mint::place::head:
    case mint::place::follower:
      queue_.drop(m);
      break;
    case mint::place::parked:
    case mint::place::delayed:
      queue_.erase_waiting(m);
      break;
    case mint::place::fresh:
      fresh_.erase(fresh_.iterator_to(m));
      break;
    case mint::place::held:
      held_.erase(held_.iterator_to(m));
      break;
    case mint::place::sent:
      while (m.under_way) drop(*m.under_way, now);
      break;
    case mint::place::nowhere:
    case mint::place::over:
      break;
  }
  m.where = mint::place::nowhere;
}

/// Ends a mint whose place is `nowhere`.
void engine::finish(mint& m, outcome::cause why, mint_errc code, time_point retry_at) noexcept {
  assert(m.where == mint::place::nowhere);
  const auto dials = static_cast<int>(dial_failures_ - m.failed_dials_before);
  const bool by_dial = code == mint_errc::connect_failed || code == mint_errc::tls_failed;
  m.where = mint::place::over;
  placed(m);
  m.end = {why, code, m.attempts + static_cast<int>(m.forgiven) + (by_dial ? dials : 0), retry_at};
  const bool waited_in_vain = code == mint_errc::timed_out || code == mint_errc::connect_failed;
  if (why == outcome::cause::engine && !m.met_anything && waited_in_vain && dial_said_something_)
    met(m, dial_said_);
  ++(why == outcome::cause::token ? counts_.minted : counts_.failed);
  if (m.deadline != never) deadlines_.erase(deadlines_.iterator_to(m));
  if (patient(m)) --patient_;
  live_.erase(live_.iterator_to(m));
  over_.push_back(m);
  --live_mints_;
  counts_.queued_background -= is_background(m);
}

void engine::met(mint& m, const mint_error& said) noexcept {
  m.said = said;
  m.met_anything = true;
}

void engine::on_cancel(time_point now, mint& m) noexcept {
  if (m.where == mint::place::nowhere || m.where == mint::place::over) return;
  last_event_ = now;
  take_out(m, now);
  finish(m, outcome::cause::engine, mint_errc::cancelled);
  advance(now);
}

/// After a failed attempt: makes the mint wait for its next attempt, or ends it with that failure. It waits
/// at least as long as the server asked for; if that can't bring a token in time, it ends now (R13).
void engine::try_again(mint& m, trouble what, time_point now, outcome::cause why, mint_errc code,
                       std::optional<duration> asked_to_wait) noexcept {
  // Of two attempts one may have been told to wait while the other went on.
  if (m.not_before > now)
    asked_to_wait = std::max(asked_to_wait.value_or(duration{}), between(m.not_before, now));
  const time_point floor = asked_to_wait ? add(now, *asked_to_wait) : now;
  time_point worth_it = asked_to_wait ? floor : never;
  if (closing_ && m.deadline == never) return finish(m, why, code, worth_it);
  if (forgive(m, what, now)) return floor > now ? delay(m, floor) : line_up(m);
  if (what == trouble::server_error || what == trouble::timed_out || what == trouble::transport) {
    ++m.troubles;  // perhaps the node's fault
    m.troubled_at = now;
  }
  if (what == trouble::rate_limited) worth_it = permit_at(m, now, 0);
  if (worth_it != never && hopeless(m, worth_it)) return finish(m, why, code, worth_it);
  const auto when = retry_.next_attempt(now, what, m.attempts, m.deadline, floor);
  if (!when) return finish(m, why, code, worth_it);
  if (*when > now)
    delay(m, *when);
  else
    line_up(m);
}

/// A mint's attempt is lost. If it surely wasn't processed, a replacement goes at once, but only once a mint;
/// otherwise the retry policy decides.
void engine::lose(mint& m, fate what, const failure_facts& why, again where, time_point now) noexcept {
  met(m, why.said);
  if (m.under_way) {  // the other attempt decides
    if (what == fate::unsent) --m.attempts;
    return;
  }
  const bool free_of_charge =
      what == fate::unsent || (what == fate::unprocessed && settings_.retry_stale_connections);
  if (!why.retryable || (closing_ && m.deadline == never)) {
    outage_.probe_undone(m.probe);
    return finish(m, outcome::cause::said, why.code);
  }
  if (!free_of_charge || m.replaced) {
    note_lost(m, why.said, now);
    return try_again(m, trouble::transport, now, outcome::cause::said, why.code);
  }
  m.replaced = true;
  outage_.probe_undone(m.probe);
  if (where == again::over_any) return go_again(m);
  m.in_place = true;
  --m.attempts;
  if (what == fate::unprocessed) ++counts_.stale_retries;
  // If no more links are allowed, a fresh one may never come.
  links_.may_begin() || links_.with_room(now, now) ? to_fresh(m, now) : line_up(m);
}

/// Its attempt doesn't count: a replacement goes, ahead of the queue.
void engine::go_again(mint& m) noexcept {
  m.in_place = true;
  --m.attempts;
  to_fresh(m, time_point::min());
}

/// A head whose account gets no permit before `permit`: parks it until `until`, out of the others' way, or
/// ends it if that is too late (R10).
void engine::put_off(mint& m, time_point permit, time_point until) noexcept {
  if (!hopeless(m, permit)) {
    queue_.park(m, until);
    return placed(m);
  }
  queue_.drop(m);
  m.where = mint::place::nowhere;
  finish(m, outcome::cause::engine, mint_errc::rate_limited, permit);
}

/// A mint that went ahead of the queue but got no permit waits like any other, so that others can use its
/// place meanwhile. By now all links that were as stale as its first are closed.
void engine::to_queue(mint& m, time_point now) noexcept {
  take_out(m, now);
  line_up(m);
}

void engine::line_up(mint& m) noexcept {
  queue_.push(m);
  placed(m);
}

void engine::delay(mint& m, time_point until) noexcept {
  queue_.delay(m, until);
  placed(m);
}

void engine::to_fresh(mint& m, time_point since) noexcept {
  constexpr auto needs_a_fresh_one = std::uint64_t{1} << 63;
  m.where = mint::place::fresh;
  m.until = since;
  m.order = ++fresh_order_ | (since == time_point::min() ? 0 : needs_a_fresh_one);
  fresh_.insert(m);
  placed(m);
}

// --- pending commands ---

std::optional<command> engine::next() noexcept {
  using kind = command::kind;
  if (!closing_links_.empty()) {
    link& l = closing_links_.front();
    closing_links_.pop_front();
    const command c{.what = kind::close, .link = l.id};
    links_.release(l);
    return c;
  }
  while (!drops_.empty()) {
    attempt& a = drops_.front();
    drops_.pop_front();
    if (a.now == attempt::state::draining)
      return command{.what = kind::drop, .link = a.on->id, .attempt = a.id};
    const command c{.what = kind::reset, .link = a.was_on, .attempt = a.id};
    attempts_.end(a);
    if (links_.find(c.link)) return c;
  }
  if (!probed_.empty()) {
    link& l = probed_.front();
    probed_.pop_front();
    return command{.what = kind::probe, .link = l.id};
  }
  if (!over_.empty()) {
    mint& m = over_.front();
    over_.pop_front();
    return command{.what = kind::finish, .of = &m};
  }
  if (!warmed_.empty()) {
    warm_up& w = warmed_.front();
    warmed_.pop_front();
    return command{.what = kind::warmed, .warm = &w};
  }
  if (!sends_.empty()) {
    attempt& a = sends_.front();
    sends_.pop_front();
    a.now = attempt::state::out;
    return command{.what = kind::send, .link = a.on->id, .attempt = a.id, .of = a.of};
  }
  if (!dialled_.empty()) {
    link& l = dialled_.front();
    dialled_.pop_front();
    return command{.what = kind::dial, .link = l.id};
  }
  if (wake_ != never) return command{.what = kind::wake_at, .at = std::exchange(wake_, never)};
  if (std::exchange(tell_drained_, false)) return command{.what = kind::drained};
  return std::nullopt;
}

// --- questions ---

/// How many mints of that priority have room on a link, and lack only permits. Just one if each account has a
/// quota of its own.
std::size_t engine::could_leave(priority urgency) const noexcept {
  if (settings_.scope == quota_scope::per_account || links_.capacity() <= in_flight_) return 1;
  return std::max<std::size_t>(1, std::min(queue_.size(urgency), links_.capacity() - in_flight_));
}

/// When this mint would get its permit if `ahead` others went before it.
time_point engine::permit_at(const mint& m, time_point now, std::size_t ahead) const noexcept {
  const time_point when = governor_.estimate(now, asks(m), ahead);
  return std::max(when, key_.not_before(now, usual_reply_));
}

time_point engine::estimate(time_point now, const account_id& account, priority urgency) const noexcept {
  // If each account has a quota of its own, the mints of other accounts don't delay this one.
  const std::size_t ahead = settings_.scope == quota_scope::per_account ? 0 : ahead_of(urgency);
  const time_point when = governor_.estimate(now, {urgency, account.str(), client_}, ahead);
  return std::max(when, key_.not_before(now, usual_reply_));
}

/// Whether a mint would be served in time if only the mints whose turn comes earlier went first. Counts only
/// as many of them as it takes to know.
bool engine::in_time(time_point now, const mint& m) const noexcept {
  if (settings_.scope == quota_scope::per_account) return false;  // no others were counted anyway
  std::size_t others = fresh_.size();
  if (m.urgency == priority::background) others += queue_.accounts(priority::interactive);
  for (std::size_t most = 16;; most *= 4) {
    const std::size_t ahead = queue_.ahead(m.urgency, now, m.deadline, most);
    const time_point served = permit_at(m, now, others + ahead);
    if (served > now && hopeless(m, served)) return false;
    if (ahead < most) return true;
  }
}

engine::counts engine::count() const noexcept {
  counts now = counts_;
  now.queued = live_mints_ - in_flight_;
  now.in_flight = in_flight_;
  now.connections = links_.live();
  now.shared_connections = links_.shared();
  now.ahead_of_interactive = ahead_of(priority::interactive);
  now.ahead_of_background = ahead_of(priority::background);
  return now;
}

/// How many mints are sent before a new one of that priority.
std::size_t engine::ahead_of(priority urgency) const noexcept {
  const std::size_t logins = fresh_.size() + queue_.accounts(priority::interactive);
  return urgency == priority::interactive ? logins : logins + queue_.accounts(priority::background);
}

}  // namespace ephemint::inline v0::core
