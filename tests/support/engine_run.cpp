#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace ephemint::test {

namespace {

std::string_view name_of(attempt_reason why) {
  static constexpr std::array<std::string_view, 4> names{"first", "retry", "replacement", "hedge"};
  return names[static_cast<std::size_t>(why)];
}

std::string_view name_of(attempt_outcome what) {
  static constexpr std::array<std::string_view, attempt_outcomes> names{
      "minted",       "too_old",      "rate_limited", "throttled", "key_refused", "rejected",
      "server_error", "bad_response", "lost",         "stale",     "timed_out",   "cancelled"};
  return names[static_cast<std::size_t>(what)];
}

std::int64_t in_ms(core::duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

}  // namespace

using core::command;
using core::duration;
using core::fate;
using core::link_id;
using core::time_point;

engine_run::engine_run(const core::engine_settings& settings, std::uint64_t seed)
    : engine_run{settings, std::make_shared<scripted_governor>(), seed} {}

engine_run::engine_run(const core::engine_settings& settings, std::shared_ptr<rate_governor> governor,
                       std::uint64_t seed)
    : settings_{settings},
      script_{std::dynamic_pointer_cast<scripted_governor>(governor)},
      watched_{std::make_shared<watched_governor>(std::move(governor))},
      engine_{std::make_unique<core::engine>(settings_, *watched_, key_, seed)} {
  engine_->observe(this);
}

engine_run::~engine_run() {
  if (!problem_.empty()) ADD_FAILURE() << problem_;
}

// --- what happens ---

int engine_run::submit(account_id account, duration patience, priority urgency) {
  idle_ticks_ = 0;
  const auto number = static_cast<int>(calls_.size());
  call& c = calls_.emplace_back();
  c.number = number;
  c.account = account.str();
  c.submitted = now_;
  c.key_version = key_.version();
  if (patience != duration::max()) c.deadline = now_ + patience;
  c.mint.call = number;
  c.mint.account = account;
  c.mint.urgency = urgency;
  c.mint.deadline = c.deadline;
  c.mint.outage_patience = outage_patience;
  c.mint.tag = 1000 + static_cast<std::uint64_t>(number);
  ++live_;
  engine_->on_submit(now_, c.mint);
  pump();
  return number;
}

int engine_run::submit_patient(account_id account, priority urgency) {
  return submit(account, duration::max(), urgency);
}

void engine_run::cancel(int number) {
  engine_->on_cancel(now_, calls_[static_cast<std::size_t>(number)].mint);
  pump();
}

void engine_run::lose(link_id id, bool retryable) {
  if (!connections_.contains(id) || !connections_[id].open) return;
  lose_link(id, {retryable ? mint_errc::connect_failed : mint_errc::tls_failed, retryable}, fate::unknown);
}

void engine_run::set_capacity(link_id id, std::uint32_t capacity) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || !found->second.open) return;
  found->second.capacity = capacity;
  engine_->on_capacity(now_, id, capacity);
  pump();
}

void engine_run::retire(link_id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || !found->second.open) return;
  found->second.retiring = true;
  engine_->on_link_retiring(now_, id);
  pump();
}

void engine_run::take_back(const request& asked, fate what) {
  const auto found = connections_.find(asked.connection);
  if (found == connections_.end() || found->second.out.erase(asked.attempt) == 0) return;
  found->second.dropped.erase(asked.attempt);
  --outstanding_;
  engine_->on_attempt_lost(now_, asked.attempt, what,
                           {mint_errc::connect_failed, true, mint_error{mint_errc::connect_failed}});
  pump();
}

std::size_t engine_run::warm_up(std::size_t mints) {
  idle_ticks_ = 0;
  ++warming_;
  core::warm_up& w = warm_ups_.emplace_back();
  w.wanted = mints;
  engine_->on_warm_up(now_, w);
  pump();
  return warm_ups_.size() - 1;
}

void engine_run::cancel_warm_up(std::size_t number) {
  engine_->on_cancel(now_, warm_ups_[number]);
  pump();
}

void engine_run::refuse_key() {
  using permission = core::key_guard::permission;
  for (std::uint64_t account = 0; account < 64; ++account)
    key_.on_refused(now_ - (account < 63 ? 90s : 75s), false, account, key_.version());
  for (time_point at = now_ - 72s; at <= now_; at += 1s)
    if (key_.may_send(at) == permission::go_as_probe) key_.on_refused(at, true, 0, key_.version());
}

void engine_run::doubt_key() {
  for (std::uint64_t account = 0; account < 3; ++account)
    key_.on_refused(now_, false, account, key_.version());
  if (key_.may_send(now_) == core::key_guard::permission::go_as_probe)
    key_.on_refused(now_, true, 0, key_.version());
}

void engine_run::rotate_key() {
  key_.renewed();
  engine_->on_key_changed(now_);
  pump();
}

void engine_run::close() {
  engine_->on_close(now_);
  pump();
}

void engine_run::shut_down() {
  shut_down_ = true;
  engine_->on_shutdown(now_);
  pump();
}

void engine_run::tick() {
  ++ticks_;
  engine_->on_tick(now_);
  pump();
}

void engine_run::run_for(duration d) {
  const time_point until = now_ + d;
  while (!events_.empty() && events_.top().at <= until && problem_.empty()) handle_one();
  now_ = std::max(now_, until);
}

void engine_run::run_to_rest(duration limit) {
  const time_point until = now_ + limit;
  while (!events_.empty() && problem_.empty()) {
    if (events_.top().at > until) return complain("no rest");
    handle_one();
  }
  if (warming_ > 0) complain("warm-ups never end (I1)");
  if (live_ > 0) complain(std::to_string(live_) + " calls never end (I1)");
  if (!connections_.empty()) complain("connections are left at rest (Q2)");
  if (watched_->outstanding() > 0) complain("permits are left at rest (R9)");
  if (attempts_told_ != sent_.size())
    complain(std::to_string(attempts_told_) + " attempts were told of, but " + std::to_string(sent_.size()) +
             " requests sent (O1)");
}

void engine_run::handle_one() {
  if (++handled_ == 1'000'000) complain("no end of events");
  const event e = events_.top();
  events_.pop();
  now_ = std::max(now_, e.at);
  e.happens();
}

void engine_run::later(duration d, std::function<void()> happens) {
  events_.push({now_ + d, ++order_, std::move(happens)});
}

// --- what the engine commands ---

void engine_run::pump() {
  pump_began_ = now_;
  while (const auto c = engine_->next()) {
    perform(*c);
    now_ += time_a_command;
    stopped_ += time_a_command;
    commands_took_time_ |= time_a_command > duration::zero();
  }
  check();
}

void engine_run::perform(const command& c) {
  using kind = command::kind;
  switch (c.what) {
    case kind::send:
      return send(c);
    case kind::dial:
      return dial(c.link);
    case kind::drop:
      return drop(c);
    case kind::reset:
      return reset(c);
    case kind::probe:
      return probe(c.link);
    case kind::close:
      if (!find(c.link, "close")) return;
      ++closed_;
      record((connections_[c.link].open ? "closed " : "failed ") + std::to_string(core::slot_of(c.link)));
      return forget(c.link);
    case kind::finish:
      return finish(*c.of);
    case kind::warmed:
      return warmed(*c.warm);
    case kind::wake_at:
      return wake_at(c.at);
    case kind::drained:
      if (drained_ || live_ > 0 || !connections_.empty()) complain("drained too early or twice");
      drained_ = true;
      return;
  }
}

void engine_run::dial(link_id id) {
  ++dialled_;
  ++dialling_;
  if (connections_.contains(id)) complain("a connection's name is used twice");
  connections_[id] = {};
  record("dialled " + std::to_string(core::slot_of(id)));
  dial_plan plan;
  if (!next_dials.empty()) {
    plan = next_dials.front();
    next_dials.pop_front();
  } else if (dials) {
    plan = dials(dialled_);
  }
  later(plan.takes, [this, id, plan] {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    if (plan.fails) {
      forget(id);
      record("failed " + std::to_string(core::slot_of(id)));
      engine_->on_dial_failed(now_, id,
                              {plan.fails->code, plan.fails->retryable, mint_error{plan.fails->code},
                               now_ + plan.fails->remembered});
    } else {
      --dialling_;
      found->second.open = true;
      found->second.capacity = plan.capacity;
      found->second.shared = plan.shared;
      found->second.opened_at = now_;
      record("established " + std::to_string(core::slot_of(id)));
      engine_->on_link_open(now_, id, {plan.capacity, plan.shared, plan.settling});
      if (plan.settles_after) later(*plan.settles_after, [this, id] { settle(id); });
    }
    pump();
  });
}

void engine_run::send(const command& c) {
  connection* on = find(c.link, "send");
  if (!on) return;
  call& of = call_of(*c.of);
  if (!on->open || on->out.size() >= on->capacity) complain("a request on a link without room");
  if (on->retiring || on->probed) complain("a request on a link that takes no more");
  if (of.ended) complain("a request for a mint that is over");
  const request asked{sent_.size() + 1, on->served + 1, c.link, c.attempt, of.number, of.account, now_};
  if (out_for(of) > (settings_.hedge ? 1u : 0u)) complain("more requests at once than a mint may have (HG4)");
  request_plan plan;
  if (!next_requests.empty()) {
    plan = next_requests.front();
    next_requests.pop_front();
  } else if (requests) {
    plan = requests(asked);
  }
  if (plan.how == request_plan::end::unsent) {
    if (plan.ends_its_link) {
      forget(c.link);
      engine_->on_send_failed(now_, c.link, c.attempt);
    } else {
      engine_->on_attempt_lost(now_, c.attempt, fate::unsent, {});
    }
    return;
  }
  sent_.push_back(asked);
  ++of.requests;
  ++outstanding_;
  on->served = asked.on_link;
  if (!on->out.emplace(asked.attempt, asked.number).second) complain("an attempt's name is used twice");
  on->ends_when_abandoned = plan.ends_when_abandoned;
  const int most = settings_.retry.max_attempts + (settings_.retry_stale_connections ? 1 : 0) + rotations(of);
  if (of.requests > most + static_cast<int>(of.mint.forgiven) + of.mint.turned_away)
    complain("more requests than attempts (I4)");
  if (plan.how == request_plan::end::silent) return;
  later(plan.takes, [this, asked, plan] { answer_to(asked, plan); });
}

/// How many requests wait for their replies.
std::size_t engine_run::out_for(const call& of) const {
  std::size_t found = 0;
  for (const auto& [id, on] : connections_)
    for (const auto& [attempt, number] : on.out)
      found += sent_[number - 1].call == of.number && !on.dropped.contains(attempt);
  return found;
}

void engine_run::drop(const command& c) {
  connection* on = find(c.link, "drop");
  if (!on) return;
  if (!on->out.contains(c.attempt) || !on->dropped.insert(c.attempt).second)
    return complain("drop of what isn't out");
  if (!on->ends_when_abandoned || on->out.size() > 1) return;
  forget(c.link);
  engine_->on_link_gone(now_, c.link, {}, fate::unknown);
}

void engine_run::reset(const command& c) {
  connection* on = find(c.link, "reset");
  if (!on) return;
  if (!on->shared) complain("a request is given up without its link");
  on->dropped.erase(c.attempt);
  if (on->out.erase(c.attempt) == 0) return complain("reset of what isn't out");
  ++resets_;
  --outstanding_;
}

void engine_run::probe(link_id id) {
  connection* on = find(id, "probe");
  if (!on) return;
  if (!on->shared || on->probed) complain("a probe of a link that can't be asked, or is being asked");
  on->probed = true;
  ++probes_;
  if (const auto answers_after = lives(id)) later(*answers_after, [this, id] { hear(id); });
}

void engine_run::hear(link_id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || !std::exchange(found->second.probed, false)) return;
  engine_->on_link_heard(now_, id);
  pump();
}

void engine_run::settle(link_id id) {
  if (connections_.count(id) == 0) return;
  engine_->on_link_settled(now_, id);
  pump();
}

/// The fate that a connection reports for a request that it lost.
fate engine_run::fate_of(const connection& on, const request& of, const request_plan& plan) {
  if (plan.reply_begun) return fate::begun;
  const bool had_rested = of.on_link > 1 || of.sent_at - on.opened_at > 1s;
  return plan.unprocessed || (had_rested && plan.failure.retryable) ? fate::unprocessed : fate::unknown;
}

void engine_run::answer_to(const request& asked, const request_plan& plan) {
  const auto found = connections_.find(asked.connection);
  if (found == connections_.end()) return;
  connection& on = found->second;
  const auto out = on.out.find(asked.attempt);
  if (out == on.out.end() || out->second != asked.number) return;
  const scripted_failure& failure = plan.failure;
  if (plan.how == request_plan::end::lost)
    return lose_link(asked.connection, failure, fate_of(on, asked, plan));
  const bool ends = plan.how == request_plan::end::reply && !plan.reply.reusable && on.out.size() == 1;
  const fate what = fate_of(on, asked, plan);
  on.out.erase(out);
  on.dropped.erase(asked.attempt);
  --outstanding_;
  const bool sign_of_life = std::exchange(on.probed, false);
  if (ends) forget(asked.connection);
  if (plan.how == request_plan::end::reset) {
    if (sign_of_life) engine_->on_link_heard(now_, asked.connection);
    engine_->on_attempt_lost(now_, asked.attempt, what,
                             {failure.code, failure.retryable, mint_error{failure.code}});
    return pump();
  }
  if (!ends && !plan.reply.reusable) on.retiring = true;
  core::reply_facts facts{plan.reply.what, plan.reply.retry_after, plan.reply.reusable,
                          plan.reply.keep_alive};
  facts.foreign = plan.reply.foreign;
  if (plan.reply.what == answer::minted)
    facts.token = ephemeral_token{asked.account + "#" + std::to_string(asked.call), "", asked.sent_at};
  else
    facts.said = mint_error{mint_errc::server_error, {.message = std::to_string(asked.number)}};
  engine_->on_reply(now_, asked.attempt, std::move(facts));
  pump();
}

void engine_run::lose_link(link_id id, const scripted_failure& why, fate what) {
  forget(id);
  engine_->on_link_gone(now_, id, {why.code, why.retryable, mint_error{why.code}}, what);
  record("closed " + std::to_string(core::slot_of(id)));
  pump();
}

/// Drops a connection as the shell does.
void engine_run::forget(link_id id) {
  const auto found = connections_.find(id);
  if (!found->second.open) --dialling_;
  outstanding_ -= found->second.out.size();
  connections_.erase(found);
}

void engine_run::wake_at(time_point when) {
  if (when < pump_began_) complain("a wake-up in the past");
  if (when == core::never) return complain("a wake-up at never");
  armed_ = when;
  const auto mine = ++wake_;
  events_.push({std::max(when, now_) + timer_lateness, ++order_, [this, mine] {
                  if (mine != wake_) return;
                  armed_.reset();
                  if (live_ == 0 && connections_.empty() && ++idle_ticks_ > 3)
                    complain("a fully idle engine is woken (Q6)");
                  tick();
                }});
}

void engine_run::finish(core::mint& m) {
  call& of = call_of(m);
  if (of.ended) return complain("a mint ends twice (I1)");
  of.ended = true;
  of.ended_at = now_;
  of.end = m.end;
  --live_;
  if (of.deadline != core::never && now_ > std::max(of.deadline, of.submitted) + timer_lateness + stopped_)
    complain("a mint ends after its deadline (I1)");
  using cause = core::outcome::cause;
  const std::string whose = of.account + "#" + std::to_string(of.number);
  if ((of.end.why == cause::token ? whose : "") != m.token.value())
    complain("a token that nobody, or another, may have (I3)");
  if (of.end.why == cause::token &&
      m.token.remaining(now_ - stopped_) < settings_.min_remaining - timer_lateness)
    complain("a token that is too old (I8)");
  if (of.end.why == cause::said && !m.met_anything) complain("a mint ends by what nobody said");
  if (of.end.why != cause::token && of.end.code == mint_errc{}) complain("a failure without a code");
  if (of.end.attempts < of.requests - 1 - rotations(of) - of.mint.turned_away)
    complain("attempts are lost from the count");
  check_time_spent(of);
  record_mint(m);
}

void engine_run::warmed(const core::warm_up& w) {
  --warming_;
  if (!w.over) complain("a warm-up that isn't over is told");
}

// --- what an observer hears ---

void engine_run::on_attempt(const attempt_report& a) noexcept {
  ++attempts_told_;
  if (a.mint == 0 || a.mint > calls_.size()) return complain("an attempt of no mint's (O1)");
  call& of = calls_[a.mint - 1];
  of.reported += a.took;
  if (of.ended) complain("an attempt is told of after its mint (O1)");
  if (a.tag != of.mint.tag) complain("an attempt with another's tag (O1)");
  if (!keep_record) return;
  std::ostringstream line;
  line << "attempt " << a.mint << "." << a.number << " " << name_of(a.why) << " " << name_of(a.outcome)
       << " after " << in_ms(a.took) << " on " << a.connection
       << (a.first_on_connection ? ", its first" : "");
  if (a.retry_after) line << ", retry after " << in_ms(*a.retry_after);
  if (a.next_try) line << (*a.next_try > duration::zero() ? ", again later" : ", again");
  record(line.str());
}

/// A back-off's length is random, because of the jitter: it isn't written.
void engine_run::record_mint(const core::mint& m) {
  if (!keep_record) return;
  static constexpr std::array names{"connection", "quota", "pause", "backoff"};
  std::ostringstream line;
  line << "mint " << m.number << " ";
  line << (m.end.why == core::outcome::cause::token ? "minted" : to_string(m.end.code));
  line << ", " << m.end.attempts << (m.end.attempts == 1 ? " attempt" : " attempts");
  for (std::size_t why = 0; why < wait_reasons; ++why) {
    if (m.spent.in[why] == duration::zero()) continue;
    line << ", " << names[why];
    if (names[why] != names.back()) line << " " << in_ms(m.spent.in[why]);
  }
  if (m.spent.on_the_wire() > duration::zero()) line << ", wire " << in_ms(m.spent.on_the_wire());
  record(line.str());
}

/// The parts of a mint's time add up.
void engine_run::check_time_spent(const call& of) {
  const auto& spent = of.mint.spent;
  for (const duration each : spent.in)
    if (each < duration::zero()) complain("a mint waited for less than no time (O1)");
  const duration took = of.ended_at - of.mint.submitted;
  if (commands_took_time_) return;  // the engine's event was earlier than now
  if (spent.all() != took) complain("a mint's time isn't all accounted for (O1)");
  if (spent.on_the_wire() > of.reported) complain("a mint was on the wire for longer than its attempts (O1)");
}

// --- what must hold ---

void engine_run::check() {
  if (!problem_.empty()) return;
  if (connections_.size() > settings_.links.max_connections) complain("more than max_connections (Q2)");
  if (dialling_ > core::dial_rules::max_dials) complain("more than 4 dials at once (Q3)");
  if (watched_->outstanding() != outstanding_)
    complain(std::to_string(watched_->outstanding()) + " permits are out, but " +
             std::to_string(outstanding_) + " requests (R9)");
  if (watched_->returned_twice) complain("a permit comes back twice");
  if (watched_->strangers_reply) complain("a reply was said to be to another account's request");
  const auto n = engine_->count();
  if (n.queued + n.in_flight != live_) complain("the engine counts other mints than are live (I1)");
  if (n.queued_background > n.queued) complain("the engine counts more background mints than wait");
  if (live_ == 0 && n.queued_background != 0) complain("background mints wait, but none is live");
  if (n.connections != connections_.size() - dialling_) complain("the engine counts other connections (I2)");
  if (n.requests != sent_.size()) complain("the engine counts other requests than were sent");
  if (n.submitted != calls_.size() || n.minted + n.failed + live_ != calls_.size())
    complain("the engine's figures don't add up");
  check_no_one_waits_in_vain();
  if (watch_room) check_no_one_waits_beside_room();
}

/// Each waiting mint has a wake-up, a reply or a dial to come. None depends on an unrelated event.
void engine_run::check_no_one_waits_in_vain() {
  if (live_ + warming_ > 0 && !armed_ && dialling_ == 0 && outstanding_ == 0)
    complain("somebody waits for nothing");
}

void engine_run::check_no_one_waits_beside_room() {
  using place = core::mint::place;
  const auto has_room = [](const auto& c) {
    const connection& on = c.second;
    return on.open && !on.retiring && !on.probed && on.out.size() < on.capacity;
  };
  if (std::ranges::none_of(connections_, has_room) || (armed_ && *armed_ <= now_)) return;
  for (const call& c : calls_)
    if (c.mint.where == place::head || c.mint.where == place::follower ||
        (c.mint.where == place::fresh && c.mint.until == time_point::min()))
      complain("a mint waits beside a link with room");
}

void engine_run::complain(const std::string& what) {
  if (!problem_.empty()) return;
  std::ostringstream out;
  out << what << ", " << std::chrono::duration<double>(elapsed()).count() << " s from the start";
  problem_ = out.str();
}

engine_run::connection* engine_run::find(link_id id, const char* why) {
  const auto found = connections_.find(id);
  if (found != connections_.end()) return &found->second;
  complain(std::string{why} + " of a connection that isn't there");
  return nullptr;
}

std::vector<link_id> engine_run::connection_ids() const {
  std::vector<link_id> ids;
  for (const auto& [id, c] : connections_) ids.push_back(id);
  return ids;
}

}  // namespace ephemint::test
