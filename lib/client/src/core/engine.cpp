#include "core/engine.hpp"

#include <algorithm>
#include <cassert>
#include <functional>
#include <new>

namespace ephemint::inline v0::core {

engine::engine(const engine_settings& s, rate_governor& governor, key_guard& key, std::uint64_t seed)
    : settings_{s},
      governor_{governor},
      key_{key},
      client_{governor.join()},
      random_{seed},
      window_{s.min_remaining},
      retry_{s.retry, splitmix{random_.next()}},
      pool_{s.pool, splitmix{random_.next()}} {}

engine::~engine() {
  // Others may share the quota: a permit that never came back would be lost to them for good. What time it is
  // nobody says here; `due` is the latest at which a request that is out can be counted.
  pool_.for_each([this](const lane& l) {
    try {
      settle(l, permit_use::unknown, l.due);
    } catch (const std::bad_alloc&) {
    }
  });
  fresh_.clear();
  deadlines_.clear();
  governor_.leave(client_);
}

// --- jobs ---

job_id engine::on_submit(time_point now, const job_spec& spec) {
  ++counts_.submitted;
  if (closing_) return finish_unborn(spec, mint_errc::closed), job_id{};
  if (spec.deadline <= now) return finish_unborn(spec, mint_errc::timed_out), job_id{};
  if (live_jobs_ - in_flight_ >= settings_.max_queued)
    return finish_unborn(spec, mint_errc::overloaded), job_id{};
  if (key_.failing(now)) {
    const time_point retry_at = estimate(now, spec.account, spec.urgency);
    return finish_unborn(spec, mint_errc::unauthorized, retry_at), job_id{};
  }
  if (spec.deadline != never) {
    const time_point served = estimate(now, spec.account, spec.urgency);
    if (served > now && served + usual_reply_ > spec.deadline && !in_time(now, spec))
      return finish_unborn(spec, mint_errc::rate_limited, served), job_id{};
  }
  job& j = make_job(spec, now);
  const job_id id = j.id;  // the job may end before this returns
  queue_.push(j);
  advance(now);
  return id;
}

job& engine::make_job(const job_spec& spec, time_point now) {
  if (free_jobs_.empty()) {
    free_jobs_.prepare(jobs_.size() + 1);
    jobs_.emplace_back();
    jobs_.back().id.index = static_cast<std::uint32_t>(jobs_.size() - 1);
    jobs_.back().id.generation = 1;
    free_jobs_.give(jobs_.back().id.index);
  }
  job& j = jobs_[free_jobs_.take()];
  j.account = spec.account;
  j.account_hash = std::hash<account_id>{}(spec.account);
  j.urgency = spec.urgency;
  j.where = job::place::nowhere;
  j.stale_retried = false;
  j.attempts = 0;
  j.failed_dials_before = dial_failures_;
  j.owner = spec.owner;
  j.submitted = now;
  j.deadline = spec.deadline;
  if (j.deadline != never) deadlines_.insert(j);
  ++live_jobs_;
  return j;
}

job* engine::find(job_id id) noexcept {
  if (id.generation == 0 || id.index >= jobs_.size()) return nullptr;
  job& j = jobs_[id.index];
  return j.id == id ? &j : nullptr;
}

/// Takes a waiting job out of wherever it waits.
void engine::take_out(job& j) noexcept {
  switch (j.where) {
    case job::place::head:
    case job::place::follower:
      queue_.drop(j);
      break;
    case job::place::parked:
    case job::place::delayed:
      queue_.erase_waiting(j);
      break;
    case job::place::fresh:
      fresh_.erase(fresh_.iterator_to(j));
      break;
    case job::place::in_flight:
    case job::place::nowhere:
      break;
  }
  j.where = job::place::nowhere;
}

/// Ends a job that is nowhere.
void engine::finish(job& j, command::cause why, mint_errc code, time_point retry_at) {
  assert(j.where == job::place::nowhere);
  const auto dials = static_cast<int>(dial_failures_ - j.failed_dials_before);
  const int attempts =
      j.attempts + (code == mint_errc::connect_failed || code == mint_errc::tls_failed ? dials : 0);
  say({command::kind::finish, why, code, attempts, 0, j.owner, retry_at});
  ++(why == command::cause::token ? counts_.minted : counts_.failed);
  if (j.deadline != never) deadlines_.erase(deadlines_.iterator_to(j));
  j.owner = nullptr;
  ++j.id.generation;
  free_jobs_.give(j.id.index);
  --live_jobs_;
}

void engine::finish_unborn(const job_spec& spec, mint_errc code, time_point retry_at) {
  ++counts_.failed;
  say({command::kind::finish, command::cause::engine, code, 0, 0, spec.owner, retry_at});
}

void engine::on_cancel(time_point now, job_id id) {
  job* j = find(id);
  if (!j) return;
  if (j->where == job::place::in_flight) {
    lane& l = *find(j->connection);
    say({.what = command::kind::abandon, .connection = l.id});
    pool_.to_draining(l, now + drain_time);
    --in_flight_;
  }
  take_out(*j);
  finish(*j, command::cause::engine, mint_errc::cancelled);
  advance(now);
}

/// Has a job whose attempt failed wait for its next one, or ends it with what the attempt met.
void engine::try_again(job& j, trouble what, time_point now, command::cause why, mint_errc code) {
  if (closing_ && j.deadline == never) return finish(j, why, code);
  time_point permit_at = never;
  if (what == trouble::rate_limited) {
    permit_at = this->permit_at(now, asks(j), 0);
    if (hopeless(j, permit_at)) return finish(j, why, code, permit_at);
  }
  const auto when = retry_.next_attempt(now, what, j.attempts, j.deadline);
  if (!when) return finish(j, why, code, permit_at);
  if (*when > now)
    queue_.delay(j, *when);
  else
    queue_.push(j);
}

/// Has a head whose account has no permit before then wait out of the others' way, or ends it (R10).
void engine::put_off(job& j, time_point permit_at, time_point until) {
  if (!hopeless(j, permit_at)) return queue_.park(j, until);
  take_out(j);
  finish(j, command::cause::engine, mint_errc::rate_limited, permit_at);
}

/// Has a job that waited for a fresh connection, but has no permit for it, wait like any other: what it would
/// keep, others can use meanwhile. Whatever was stale with its first connection is closed by now.
void engine::to_queue(job& j) {
  take_out(j);
  queue_.push(j);
}

void engine::to_fresh(job& j) noexcept {
  j.where = job::place::fresh;
  j.order = ++fresh_order_;
  fresh_.insert(j);
}

// --- replies and lanes ---

lane* engine::find(std::uint32_t connection) const noexcept { return pool_.find(connection); }

bool engine::carries_job(std::uint32_t connection) const noexcept {
  const lane* l = find(connection);
  return l && l->now == lane::state::busy;
}

/// Tells the governor what became of the lane's permit.
void engine::settle(const lane& l, permit_use use, time_point now, std::optional<duration> retry_after) {
  if (l.now != lane::state::busy && l.now != lane::state::draining) return;
  const std::string_view account = l.carries ? l.carries->account.str() : std::string_view{};
  governor_.on_reply(now, l.spent, {use, account, l.sent_at, retry_after});
  if (use == permit_use::unknown) settle_key(l, use, false, now);
}

/// Tells the key's guard what the reply says of the key. A rate may be counted before the key is looked at.
void engine::settle_key(const lane& l, permit_use use, bool refused, time_point now) noexcept {
  if (l.now != lane::state::busy && l.now != lane::state::draining) return;
  if (refused)
    key_.on_refused(now, l.probes_key, l.key_version);
  else if (use == permit_use::admitted)
    key_.on_admitted(l.probes_key, l.key_version);
  else if (l.probes_key)
    key_.probe_undone(l.key_version);
}

/// When the quota and the key both let a request go.
time_point engine::permit_at(time_point now, const permit_request& request, std::size_t ahead) const {
  const time_point when = governor_.estimate(now, request, ahead);
  return std::max(when, key_.not_before(now, usual_reply_));
}

void engine::close(lane& l) {
  say({.what = command::kind::close, .connection = l.id});
  pool_.forget(l);
}

void engine::on_reply(time_point now, std::uint32_t connection, const reply_facts& reply) {
  lane* l = find(connection);
  if (!l) return;
  using answer = reply_facts::answer;
  const permit_use use = reply.what == answer::rate_limited ? permit_use::rate_limited : permit_use::admitted;
  if (use == permit_use::rate_limited) ++counts_.rate_limited;
  settle(*l, use, now, reply.retry_after);
  settle_key(*l, use, reply.what == answer::key_refused, now);
  // Its first reply shows that its dial succeeded. Not that it was connected: a server may accept, and then
  // close, all that it can't serve. Nor do the replies on older ones.
  if (l->served == 1) pool_.dial_succeeded();
  // Smoothed as TCP smooths its round trip. A process that was stopped meanwhile learns nothing from that.
  usual_reply_ += (std::min(now - l->sent_at, settings_.attempt_timeout) - usual_reply_) / 8;
  if (l->now == lane::state::busy) {
    job& j = *l->carries;
    j.where = job::place::nowhere;
    --in_flight_;
    conclude(j, *l, reply, now);
  }
  rest(*l, now, reply);
  advance(now);
}

/// What a reply means for its job.
void engine::conclude(job& j, const lane& l, const reply_facts& reply, time_point now) {
  using answer = reply_facts::answer;
  using cause = command::cause;
  switch (reply.what) {
    case answer::minted:
      retry_.succeeded();
      if (window_.good(l.sent_at, now)) return finish(j, cause::token, mint_errc{});
      ++counts_.expired;
      return try_again(j, trouble::too_late, now, cause::engine, mint_errc::timed_out);
    case answer::rate_limited:
      return try_again(j, trouble::rate_limited, now, cause::reply, mint_errc::rate_limited);
    case answer::throttled:
      return try_again(j, trouble::throttled, now, cause::reply, mint_errc::rate_limited);
    case answer::server_error:
      return try_again(j, trouble::server_error, now, cause::reply, mint_errc::server_error);
    case answer::key_refused:
      return finish(j, cause::reply, mint_errc::unauthorized);
    case answer::rejected:
      return finish(j, cause::reply, mint_errc::rejected);
    case answer::malformed:
      return finish(j, cause::reply, mint_errc::bad_response);
  }
}

/// What a reply means for its lane.
void engine::rest(lane& l, time_point now, const reply_facts& reply) {
  if (!reply.reusable) return pool_.forget(l);
  // One second before the server gives up on it, so that a request never races the server's close (S11).
  if (reply.keep_alive)
    l.idle_limit =
        std::min<duration>(settings_.pool.idle_timeout, *reply.keep_alive - std::chrono::seconds{1});
  if (!pool_.to_idle(l, now)) close(l);
}

void engine::on_connected(time_point now, std::uint32_t connection) {
  lane* l = find(connection);
  if (!l) return;
  l->connected_at = now;
  if (!pool_.to_idle(*l, now)) close(*l);
  advance(now);
}

void engine::on_dial_failed(time_point now, std::uint32_t connection, const failure_facts& what) {
  lane* l = find(connection);
  if (!l) return;
  if (pool_.dial_failed(*l, now)) ++dial_failures_;
  pool_.forget(*l);
  dial_went_wrong(now, what);
  advance(now);
}

/// Ends those for whom no other connection is left or coming.
void engine::dial_went_wrong(time_point now, const failure_facts& what) {
  ++counts_.failed_dials;
  if (warm_target_ > 0) warm_up_failed_ = true;
  warm_target_ = 0;
  const bool hopeless = !what.retryable ||
                        pool_.failures_in_a_row() >= static_cast<std::uint32_t>(settings_.retry.max_attempts);
  // Who waits for a fresh connection is out of luck; the others, only if no lane and no dial is left (Q4).
  const bool all = pool_.total() == 0;
  while (hopeless && !fresh_.empty()) {
    job& j = *fresh_.begin();
    take_out(j);
    finish(j, command::cause::failure, what.code);
  }
  for (job* j = nullptr; hopeless && all && (j = front());) {
    take_out(*j);
    finish(*j, command::cause::failure, what.code, pool_.next_dial(now));
  }
}

void engine::on_lost(time_point now, std::uint32_t connection, const failure_facts& what, bool reply_begun) {
  lane* l = find(connection);
  if (!l) return;
  settle(*l, permit_use::unknown, now);
  job* j = l->now == lane::state::busy ? l->carries : nullptr;
  const bool was_idle = l->served > 1 || l->sent_at - l->connected_at > newcomer;
  const bool stale = was_idle && !reply_begun && what.retryable;
  const bool stillborn = l->served == 0 && now - l->connected_at < newcomer;
  if (stillborn && pool_.dial_failed(*l, now)) ++dial_failures_;
  pool_.forget(*l);
  if (stillborn) dial_went_wrong(now, what);
  if (j) {
    j->where = job::place::nowhere;
    --in_flight_;
    if (closing_ && j->deadline == never) {
      finish(*j, command::cause::failure, what.code);
    } else if (stale && settings_.retry_stale_connections && !j->stale_retried) {
      // The server closed while we wrote: it hasn't seen the request, or hasn't answered it. Whatever closed
      // this connection may have closed the other idle ones too (S2, S6).
      j->stale_retried = true;
      --j->attempts;
      ++counts_.stale_retries;
      flush_idle();
      to_fresh(*j);
    } else if (!what.retryable) {
      finish(*j, command::cause::failure, what.code);
    } else {
      try_again(*j, trouble::transport, now, command::cause::failure, what.code);
    }
  }
  advance(now);
}

void engine::flush_idle() {
  pool_.for_each([this](lane& l) {
    if (l.now == lane::state::idle) close(l);
  });
}

void engine::on_send_failed(time_point now, std::uint32_t connection) {
  lane* l = find(connection);
  if (!l) return;
  job* j = l->now == lane::state::busy ? l->carries : nullptr;  // none: it ended between command and write
  governor_.give_back(now, l->spent);
  if (l->probes_key) key_.probe_undone(l->key_version);
  pool_.forget(*l);
  --counts_.requests;
  if (j) {
    j->where = job::place::nowhere;
    --in_flight_;
    flush_idle();
    if (closing_ && j->deadline == never) {
      finish(*j, command::cause::engine, mint_errc::closed);
    } else if (!j->stale_retried) {
      j->stale_retried = true;
      --j->attempts;
      to_fresh(*j);
    } else {
      try_again(*j, trouble::transport, now, command::cause::engine, mint_errc::connect_failed);
    }
  }
  advance(now);
}

void engine::on_abandoned(time_point now, std::uint32_t connection) {
  lane* l = find(connection);
  if (!l) return;
  settle(*l, permit_use::unknown, now);
  pool_.forget(*l);
  advance(now);
}

// --- the whole ---

void engine::on_warm_up(time_point now, std::size_t connections) {
  if (closing_) return;
  warm_up_failed_ = false;
  warm_target_ = std::max(warm_target_, std::min(connections, settings_.pool.max_connections));
  advance(now);
}

void engine::on_close(time_point now) {
  closing_ = true;
  warm_target_ = 0;
  for (job& j : jobs_) {
    if (!j.owner || j.deadline != never || j.where == job::place::in_flight) continue;
    take_out(j);
    finish(j, command::cause::engine, mint_errc::closed);
  }
  advance(now);
}

void engine::on_shutdown(time_point now) {
  closing_ = true;
  warm_target_ = 0;
  for (job& j : jobs_) {
    if (!j.owner) continue;
    if (j.where == job::place::in_flight) --in_flight_;
    take_out(j);
    finish(j, command::cause::engine, mint_errc::closed);
  }
  pool_.for_each([&](lane& l) {
    settle(l, permit_use::unknown, now);
    close(l);
  });
  drained_ = true;
}

void engine::say_drained(time_point now) {
  if (drained_ || live_jobs_ > 0) return;
  pool_.for_each([&](lane& l) {
    settle(l, permit_use::unknown, now);
    close(l);
  });
  drained_ = true;
  say({.what = command::kind::drained});
}

std::optional<command> engine::next() {
  if (next_command_ == commands_.size()) {
    commands_.clear();
    next_command_ = 0;
    return std::nullopt;
  }
  return commands_[next_command_++];
}

time_point engine::estimate(time_point now, const account_id& account, priority urgency) const {
  if (settings_.scope == quota_scope::per_account)
    return permit_at(now, {urgency, account.str(), client_}, 0);  // nobody else takes its permits
  std::size_t ahead = fresh_.size() + queue_.accounts(priority::interactive);
  if (urgency == priority::background) ahead += queue_.accounts(priority::background);
  return permit_at(now, {urgency, account.str(), client_}, ahead);
}

/// Whether a mint would be served in time if only those go first whose turn comes before its own. Counts no
/// further than it takes to know.
bool engine::in_time(time_point now, const job_spec& spec) const {
  if (settings_.scope == quota_scope::per_account) return false;  // nobody else was counted anyway
  std::size_t others = fresh_.size();
  if (spec.urgency == priority::background) others += queue_.accounts(priority::interactive);
  for (std::size_t most = 16;; most *= 4) {
    const std::size_t ahead = queue_.ahead(spec.urgency, now, spec.deadline, most);
    const time_point served = permit_at(now, {spec.urgency, spec.account.str(), client_}, others + ahead);
    if (served > now && served + usual_reply_ > spec.deadline) return false;
    if (ahead < most) return true;
  }
}

engine::counts engine::count() const noexcept {
  counts now = counts_;
  now.queued = live_jobs_ - in_flight_;
  now.in_flight = in_flight_;
  now.connections = pool_.live();
  return now;
}

}  // namespace ephemint::inline v0::core
