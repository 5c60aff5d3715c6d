#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace ephemint::test {

using core::command;
using core::duration;
using core::time_point;

engine_run::engine_run(const core::engine_settings& settings, std::uint64_t seed)
    : engine_run{settings, std::make_shared<scripted_governor>(), seed} {}

engine_run::engine_run(const core::engine_settings& settings, std::shared_ptr<rate_governor> governor,
                       std::uint64_t seed)
    : settings_{settings},
      script_{std::dynamic_pointer_cast<scripted_governor>(governor)},
      watched_{std::make_shared<watched_governor>(std::move(governor))},
      engine_{std::make_unique<core::engine>(settings_, *watched_, key_, seed)} {}

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
  if (patience != duration::max()) c.deadline = now_ + patience;
  ++live_;
  c.job = engine_->on_submit(now_, {account, urgency, c.deadline, &c});
  pump();
  return number;
}

int engine_run::submit_patient(account_id account, priority urgency) {
  return submit(account, duration::max(), urgency);
}

void engine_run::cancel(int number) {
  engine_->on_cancel(now_, at(number).job);
  pump();
}

void engine_run::lose(std::uint32_t id, bool retryable) {
  if (!connections_.contains(id) || !connections_[id].open) return;
  forget(id);
  telling_failure_ = true;
  engine_->on_lost(now_, id, {retryable ? mint_errc::connect_failed : mint_errc::tls_failed, retryable},
                   false);
  pump();
  telling_failure_ = false;
}

void engine_run::refuse_key() {
  using permission = core::key_guard::permission;
  key_.on_refused(now_ - 3s, false, key_.version());
  for (time_point at = now_ - 3s; key_.may_send(at) == permission::go_as_probe;
       at += at < now_ - 2s ? 1s : 2s)
    key_.on_refused(at, true, key_.version());
}

void engine_run::warm_up(std::size_t connections) {
  idle_ticks_ = 0;
  engine_->on_warm_up(now_, connections);
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
  if (live_ > 0) complain(std::to_string(live_) + " calls never end (I1)");
  if (!connections_.empty()) complain("connections are left at rest (Q2)");
  if (watched_->outstanding() > 0) complain("permits are left at rest (R9)");
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
  while (const auto c = engine_->next()) {
    perform(*c);
    now_ += time_a_command;
    stopped_ += time_a_command;
  }
  gone_.clear();
  check();
}

void engine_run::perform(const command& c) {
  using kind = command::kind;
  switch (c.what) {
    case kind::send:
      return send(c);
    case kind::dial:
      return dial(c.connection);
    case kind::abandon:
      if (gone_.contains(c.connection)) return;
      if (connection* on = find(c.connection, "abandon")) {
        if (on->request == 0 || on->abandoned) complain("abandon of what isn't out");
        on->abandoned = true;
        if (!on->ends_when_abandoned) return;
        forget(c.connection);
        gone_.insert(c.connection);
        engine_->on_abandoned(now_, c.connection);
      }
      return;
    case kind::close:
      if (gone_.contains(c.connection) || !find(c.connection, "close")) return;
      ++closed_;
      return forget(c.connection);
    case kind::finish:
      return finish(c);
    case kind::wake_at:
      return wake_at(c.at);
    case kind::drained:
      if (drained_ || live_ > 0 || !connections_.empty()) complain("drained too early or twice");
      drained_ = true;
  }
}

void engine_run::dial(std::uint32_t id) {
  if (drained_ || shut_down_) complain("a dial after the end");
  if (connections_.contains(id)) return complain("dial of a connection that exists");
  connections_[id];
  ++dialled_;
  ++dialling_;
  dial_plan plan;
  if (!next_dials.empty()) {
    plan = next_dials.front();
    next_dials.pop_front();
  } else if (dials) {
    plan = dials(dialled_);
  }
  later(plan.takes, [this, id, plan] {
    const auto found = connections_.find(id);
    if (found == connections_.end() || found->second.open) return;
    if (!plan.fails) {
      found->second.open = true;
      --dialling_;
      engine_->on_connected(now_, id);
      return pump();
    }
    forget(id);
    telling_failure_ = true;
    engine_->on_dial_failed(now_, id, *plan.fails);
    pump();
    telling_failure_ = false;
  });
}

void engine_run::send(const command& c) {
  connection* on = find(c.connection, "send");
  if (!on) return;
  auto& of = *static_cast<call*>(c.owner);
  if (!on->open || on->request != 0) complain("a request on a lane that isn't free");
  if (of.ended) complain("a request for a mint that is over");
  if (engine_->account_of(c.connection).str() != of.account) complain("another account's request (I3)");
  const request asked{sent_.size() + 1, on->served + 1, c.connection, of.number, of.account, now_};
  request_plan plan;
  if (!next_requests.empty()) {
    plan = next_requests.front();
    next_requests.pop_front();
  } else if (requests) {
    plan = requests(asked);
  }
  if (plan.how == request_plan::end::unsent) {
    forget(c.connection);
    gone_.insert(c.connection);
    return engine_->on_send_failed(now_, c.connection);
  }
  sent_.push_back(asked);
  ++of.requests;
  ++outstanding_;
  on->served = asked.on_lane;
  on->request = asked.number;
  on->abandoned = false;
  on->ends_when_abandoned = plan.ends_when_abandoned;
  if (of.requests > settings_.retry.max_attempts + (settings_.retry_stale_connections ? 1 : 0))
    complain("more requests than attempts (I4)");
  if (plan.how == request_plan::end::silent) return;
  later(plan.takes, [this, id = c.connection, sent = asked.number, plan] { answer_to(id, sent, plan); });
}

void engine_run::answer_to(std::uint32_t id, std::size_t number, const request_plan& plan) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || found->second.request != number) return;
  if (plan.how == request_plan::end::lost) {
    forget(id);
    telling_failure_ = true;
    engine_->on_lost(now_, id, plan.failure, plan.reply_begun);
    pump();
    telling_failure_ = false;
    return;
  }
  if (plan.reply.reusable) {
    found->second.request = 0;
    --outstanding_;
  } else {
    forget(id);
  }
  telling_reply_ = true;
  if (plan.reply.what == answer::minted)
    token_for_ = &calls_[static_cast<std::size_t>(sent_[number - 1].call)];
  if (token_for_ && now_ - sent_[number - 1].sent_at > token_lifetime - settings_.min_remaining)
    token_for_ = nullptr;
  engine_->on_reply(now_, id, plan.reply);
  pump();
  telling_reply_ = false;
  token_for_ = nullptr;
}

/// As the shell lets go of a connection.
void engine_run::forget(std::uint32_t id) {
  const auto found = connections_.find(id);
  if (!found->second.open) --dialling_;
  if (found->second.request != 0) --outstanding_;
  connections_.erase(found);
}

void engine_run::wake_at(time_point when) {
  if (when < now_ - time_a_command * 100) complain("a wake-up in the past");
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

void engine_run::finish(const command& c) {
  auto& of = *static_cast<call*>(c.owner);
  if (of.ended) return complain("a mint ends twice (I1)");
  of.ended = true;
  of.ended_at = now_;
  of.end = c;
  --live_;
  if (of.deadline != core::never && now_ > std::max(of.deadline, of.submitted) + timer_lateness + stopped_)
    complain("a mint ends after its deadline (I1)");
  using cause = command::cause;
  if (c.why == cause::token && token_for_ != &of)
    complain("a token that nobody, or another, may have (I3, I8)");
  if (c.why == cause::reply && !telling_reply_) complain("a mint ends by a reply that isn't told");
  if (c.why == cause::failure && !telling_failure_) complain("a mint ends by a failure that isn't told");
  if (c.why != cause::token && c.code == mint_errc{}) complain("a failure without a code");
  if (c.attempts < of.requests - 1) complain("attempts are lost from the count");
}

// --- what must hold ---

void engine_run::check() {
  if (!problem_.empty()) return;
  if (connections_.size() > settings_.pool.max_connections) complain("more than max_connections (Q2)");
  if (dialling_ > core::pool_rules::max_dials) complain("more than 4 dials at once (Q3)");
  if (watched_->outstanding() != outstanding_)
    complain(std::to_string(watched_->outstanding()) + " permits are out, but " +
             std::to_string(outstanding_) + " requests (R9)");
  if (watched_->returned_twice) complain("a permit comes back twice");
  const auto n = engine_->count();
  if (n.queued + n.in_flight != live_) complain("the engine counts other mints than are live (I1)");
  if (n.connections != connections_.size() - dialling_) complain("the engine counts other connections (I2)");
  if (n.requests != sent_.size()) complain("the engine counts other requests than were sent");
  if (n.submitted != calls_.size() || n.minted + n.failed + live_ != calls_.size())
    complain("the engine's figures don't add up");
}

void engine_run::complain(const std::string& what) {
  if (!problem_.empty()) return;
  std::ostringstream out;
  out << what << ", " << std::chrono::duration<double>(elapsed()).count() << " s from the start";
  problem_ = out.str();
}

engine_run::connection* engine_run::find(std::uint32_t id, const char* why) {
  const auto found = connections_.find(id);
  if (found != connections_.end()) return &found->second;
  complain(std::string{why} + " of a connection that isn't there");
  return nullptr;
}

std::vector<std::uint32_t> engine_run::connection_ids() const {
  std::vector<std::uint32_t> ids;
  for (const auto& [id, c] : connections_) ids.push_back(id);
  return ids;
}

}  // namespace ephemint::test
