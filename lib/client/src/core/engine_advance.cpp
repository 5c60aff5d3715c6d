// The engine's second half: what follows every event. What is over ends, what can go goes.
#include "core/engine.hpp"

#include <algorithm>

namespace ephemint::inline v0::core {

void engine::on_tick(time_point now) {
  armed_ = never;
  advance(now);
}

void engine::advance(time_point now) {
  expire_lanes(now);
  expire_jobs(now);
  queue_.wake(now);
  dispatch(now);
  dial_as_needed(now);
  if (closing_) say_drained(now);
  set_wake(now);
}

void engine::expire_lanes(time_point now) {
  while (lane* l = pool_.expired(now)) {
    settle(*l, permit_use::unknown, now);
    job* j = l->now == lane::state::busy ? l->carries : nullptr;
    close(*l);
    if (!j) continue;
    j->where = job::place::nowhere;
    --in_flight_;
    try_again(*j, trouble::timed_out, now, command::cause::engine, mint_errc::timed_out);
  }
}

void engine::expire_jobs(time_point now) {
  while (!deadlines_.empty() && deadlines_.begin()->deadline <= now) {
    job& j = *deadlines_.begin();
    if (j.where == job::place::in_flight) {
      lane& l = *find(j.connection);
      say({.what = command::kind::abandon, .connection = l.id});
      pool_.to_draining(l, now + drain_time);
      --in_flight_;
    }
    take_out(j);
    finish(j, command::cause::engine, mint_errc::timed_out);
  }
}

job* engine::front() noexcept {
  job* j = queue_.front(priority::interactive);
  return j ? j : queue_.front(priority::background);
}

/// Brings jobs, lanes and permits together; the permit comes last (design.md §3).
void engine::dispatch(time_point now) {
  permit_at_ = never;
  while (!fresh_.empty()) {
    lane* l = pool_.idle(now, true);
    if (!l || !dispatch_to(*l, *fresh_.begin(), now)) break;
  }
  while (job* j = front()) {
    lane* l = pool_.idle(now, false);
    if (!l || !dispatch_to(*l, *j, now)) break;
  }
}

/// False: no permit now for this job, nor for any behind it.
bool engine::dispatch_to(lane& l, job& j, time_point now) {
  if (key_.failing(now)) {
    fail_refused(key_.not_before(now, usual_reply_));
    return true;
  }
  admission answer;
  const std::uint64_t key_version = key_.version();
  bool probes_key = false;
  if (key_.at(now) == key_guard::state::waiting) {
    answer.not_before = key_.not_before(now, usual_reply_);
  } else {
    answer = governor_.try_acquire(now, asks(j));
  }
  if (answer.what == admission::verdict::granted) {
    const key_guard::permission key = key_.may_send(now);
    probes_key = key == key_guard::permission::go_as_probe;
    if (key == key_guard::permission::wait || key == key_guard::permission::fail) {
      governor_.give_back(now, answer.granted_permit);
      answer = {admission::verdict::later, {}, key_.not_before(now, usual_reply_)};
    }
  }
  if (answer.what == admission::verdict::later) {
    const time_point when = std::max(answer.not_before, now + std::chrono::milliseconds{1});
    if (j.where == job::place::fresh) return to_queue(j), true;
    if (settings_.scope == quota_scope::per_account) return put_off(j, when, when), true;
    permit_at_ = std::min(permit_at_, when);
    fail_hopeless(j.urgency, when);
    return false;
  }
  if (j.where == job::place::head)
    queue_.serve(j);
  else
    take_out(j);
  j.where = job::place::in_flight;
  j.connection = l.id;
  if (j.attempts > 0 || j.stale_retried) ++counts_.retries;
  ++j.attempts;
  ++in_flight_;
  ++counts_.requests;
  l.key_version = key_version;
  l.probes_key = probes_key;
  pool_.to_busy(l, j, answer.granted_permit, now, now + settings_.attempt_timeout);
  say({.what = command::kind::send, .connection = l.id, .owner = j.owner});
  return true;
}

/// Ends every waiting job, of that urgency or less, whose deadline is before that permit could bring a token
/// (C5).
void engine::fail_hopeless(priority most_urgent, time_point permit_at) {
  const time_point earliest = permit_at + usual_reply_;
  for (auto it = deadlines_.begin(); it != deadlines_.end() && it->deadline < earliest;) {
    job& j = *it++;
    if (j.where == job::place::in_flight || j.urgency < most_urgent) continue;
    take_out(j);
    finish(j, command::cause::engine, mint_errc::rate_limited, permit_at);
  }
}

/// The key is known to be refused: whoever waits hears it now, instead of spending a permit each on learning
/// it (R8).
void engine::fail_refused(time_point retry_at) {
  for (job* j = nullptr; (j = fresh_.empty() ? front() : &*fresh_.begin());) {
    take_out(*j);
    finish(*j, command::cause::engine, mint_errc::unauthorized, retry_at);
  }
}

/// Dials while more jobs wait for a lane than dials are pending, for jobs whose permit is near.
void engine::dial_as_needed(time_point now) {
  dial_at_ = never;
  for (;;) {
    job* j = fresh_.empty() ? front() : &*fresh_.begin();
    std::size_t waiting = fresh_.size();
    if (pool_.idle_count() == 0)
      waiting += queue_.size(priority::interactive) + queue_.size(priority::background);
    const bool warm = warm_target_ > pool_.total();
    if (warm_target_ <= pool_.live()) warm_target_ = 0;
    if (!warm && (!j || waiting <= pool_.dialling())) return;
    if (!warm) {
      const bool key_refused = key_.failing(now);
      // The usual case under load: what follows could only say that a dial must wait.
      if (!key_refused && !pool_.room_to_dial() && fresh_.empty() &&
          settings_.scope == quota_scope::per_api_key)
        return;
      if (key_refused) {
        fail_refused(permit_at(now, asks(*j), 0));
        continue;
      }
      // Who is dialled for already takes permits of the same quota, unless each account has its own.
      const bool shared = settings_.scope == quota_scope::per_api_key;
      const time_point permit_at = this->permit_at(now, asks(*j), shared ? pool_.dialling() : 0);
      if (permit_at > now + dial_lead) {
        const time_point near = std::max<time_point>(permit_at - dial_lead, now + dial_check);
        if (j->where == job::place::fresh) {
          to_queue(*j);
          continue;
        }
        if (!shared) {
          put_off(*j, permit_at, near);
          continue;
        }
        dial_at_ = near;
        if (pool_.total() == 0) fail_hopeless(j->urgency, permit_at);
        return;
      }
    }
    if (!pool_.may_dial(now)) {
      dial_at_ = pool_.next_dial(now);
      return;
    }
    ++counts_.dials;
    say({.what = command::kind::dial, .connection = pool_.start_dial(now).id});
  }
}

void engine::set_wake(time_point now) {
  time_point when = std::min({pool_.next_due(), queue_.next_wake(), permit_at_, dial_at_});
  if (!deadlines_.empty()) when = std::min(when, deadlines_.begin()->deadline);
  // A wake-up that should have come and didn't (its timer couldn't be set) doesn't count.
  if (when == never || (armed_ > now && when >= armed_)) return;
  armed_ = std::max(when, now);
  say({.what = command::kind::wake_at, .at = armed_});
}

}  // namespace ephemint::inline v0::core
