// The engine's seventh part: the reports for the observer. Nothing of this is computed without one.
#include "core/engine.hpp"

#include <cstddef>

namespace ephemint::inline v0::core {

namespace {

using where = time_spent::place;

/// How long until a mint that isn't over is tried again; none if it has another attempt under way.
std::optional<duration> next_try_of(const mint& m, time_point now) noexcept {
  using place = mint::place;
  if (m.where == place::delayed) return between(m.until, now);
  const bool goes_on = m.where != place::nowhere && m.where != place::sent && m.where != place::over;
  return goes_on ? std::optional{duration::zero()} : std::nullopt;
}

}  // namespace

/// The attempt no longer belongs to its mint. `tell` follows, unless not a byte of it has left.
void engine::note_ended(const attempt& a, mint& m) noexcept {
  m.ended = {a.sent_at, a.on->id, a.number, a.why, a.first_on_link};
}

/// Reports the attempt of `note_ended`, now that it is known how the mint goes on.
void engine::report(const mint& m, attempt_outcome what, time_point now, const reply_facts* reply) noexcept {
  const ended_attempt& a = m.ended;
  attempt_report told;
  told.mint = m.number;
  told.tag = m.tag;
  told.number = a.number;
  told.why = a.why;
  told.outcome = what;
  told.connection = slot_of(a.on);
  told.first_on_connection = a.first_on_link;
  told.sent_at = a.sent_at;
  told.took = between(now, a.sent_at);
  told.next_try = next_try_of(m, now);
  if (reply) {
    told.http_status = reply->http_status;
    told.request_id = reply->request_id;
    told.retry_after = reply->retry_after;
  }
  observer_->on_attempt(told);
}

/// What a reply meant for its mint.
attempt_outcome engine::outcome_of(const reply_facts& reply, const mint& m) noexcept {
  using answer = reply_facts::answer;
  switch (reply.what) {
    case answer::minted:
      return m.end.why == outcome::cause::token ? attempt_outcome::minted : attempt_outcome::too_old;
    case answer::rate_limited:
      return attempt_outcome::rate_limited;
    case answer::throttled:
      return attempt_outcome::throttled;
    case answer::key_refused:
      return attempt_outcome::key_refused;
    case answer::rejected:
      return attempt_outcome::rejected;
    case answer::elsewhere:
    case answer::server_error:
      return attempt_outcome::server_error;
    case answer::malformed:
      break;
  }
  return attempt_outcome::bad_response;
}

attempt_outcome engine::outcome_of(fate what) noexcept {
  return what == fate::unprocessed ? attempt_outcome::stale : attempt_outcome::lost;
}

/// Tells the wait clock where a mint is now.
void engine::note_place(mint& m, time_point now) noexcept {
  using place = mint::place;
  where its = where::nowhere;
  switch (m.where) {
    case place::head:
    case place::follower:
      its = where::line;
      break;
    case place::parked:
      its = static_cast<where>(lack_of_permit(now));
      break;
    case place::delayed:
      its = where::backoff;
      break;
    case place::fresh:
    case place::held:
      its = where::connection;
      break;
    case place::sent:
      its = where::wire;
      break;
    case place::nowhere:
    case place::over:
      break;
  }
  waits_.move(m.spent, m.urgency, its, now);
}

/// Notes what holds up the two lines, as this event has found.
void engine::note_hold_ups(time_point now) noexcept {
  const wait_reason for_permit = permitless_ ? lack_of_permit(now) : wait_reason::connection;
  for (const priority urgency : {priority::interactive, priority::background}) {
    wait_reason why = permitless_ && urgency >= *permitless_ ? for_permit : wait_reason::connection;
    // Mints are there, but each stands behind a parked head of its account.
    if (settings_.scope == quota_scope::per_account && !queue_.front(urgency)) why = wait_reason::quota;
    waits_.hold_up(urgency, why, now);
  }
}

/// Why the governor or the key's gate gives no permit.
wait_reason engine::lack_of_permit(time_point now) const noexcept {
  if (key_.at(now) != key_guard::state::open) return wait_reason::pause;
  const quota_state quota = governor_.state(now);
  return quota.pause > duration::zero() || quota.probing ? wait_reason::pause : wait_reason::quota;
}

}  // namespace ephemint::inline v0::core
