// The engine's sixth part: a second attempt beside one that takes longer than usual.
#include "core/engine.hpp"

#include <new>

namespace ephemint::inline v0::core {

/// Each attempt is considered once, when it becomes late, the oldest first. If nothing is to spare at that
/// moment, there is no hedge.
void engine::hedge_the_late(time_point now) noexcept {
  while (!hedgeable_.empty() && add(hedgeable_.front().sent_at, hedges_.delay()) <= now) {
    attempt& late = hedgeable_.front();
    const bool worth_it = worth_a_hedge(late, now);
    link* const l = worth_it ? link_for_hedge(late, now) : nullptr;
    if (worth_it && !l && dial_for_hedge(now)) return;
    hedgeable_.pop_front();
    if (l && !attempts_.full()) hedge(*late.of, *l, now);
  }
}

/// Only while nobody else could use the permit and the room.
bool engine::worth_a_hedge(const attempt& late, time_point now) const noexcept {
  const mint& m = *late.of;
  return late.now == attempt::state::out && !closing_ && hedges_.affordable() && retry_.affordable() &&
         m.attempts < settings_.retry.max_attempts && !hopeless(m, now) && queue_.empty() && fresh_.empty() &&
         outage_.well() && permit_to_spare(m, now);
}

/// Whether there is a permit that even a batch would get soon. Permits that are kept for logins aren't to
/// spare, nor are permits of a quota that is used as fast as it refills. This only estimates: `try_acquire`
/// would keep a place in line for a client that is told to wait.
bool engine::permit_to_spare(const mint& m, time_point now) const noexcept {
  const permit_request of_a_batch{priority::background, m.account.str(), client_, 1};
  return key_.at(now) == key_guard::state::open && governor_.estimate(now, asks(m), 0) <= now &&
         governor_.estimate(now, of_a_batch, 0) <= add(now, hedge_pace);
}

/// Preferably another link, as its own, or the node behind it, may be the slow part. But where requests share
/// links there is often no other, and more often the request is slow than the link: then the same link.
link* engine::link_for_hedge(const attempt& late, time_point now) noexcept {
  link* const another = links_.with_room(now, time_point::min(), late.on->id);
  return another || !late.on->shared ? another : links_.with_room(now, time_point::min());
}

/// Whether a link is coming. At most one dial, and none if no more links are allowed.
bool engine::dial_for_hedge(time_point now) noexcept {
  return links_.dialling() > 0 || (links_.may_begin() && dial(now));
}

void engine::hedge(mint& m, link& l, time_point now) noexcept try {
  const std::uint64_t version = key_.version();
  const admission ruling = governor_.try_acquire(now, asks(m));
  if (ruling.what != admission::verdict::granted) return;
  hedges_.spend();
  retry_.spend();
  ++counts_.hedges;
  m.hedged = true;
  attempt& a = begin_on(l, m, {ruling.granted_permit, version, false}, attempt::reason::hedge, now);
  a.beside = m.under_way;
  m.under_way->beside = &a;
} catch (const std::bad_alloc&) {  // from the governor: then there is no hedge
}

/// An attempt's reply, while the mint has another attempt under way. A token or a refusal ends the mint, and
/// the other attempt is dropped; after any other reply the other attempt decides.
bool engine::left_to_the_other(mint& m, const reply_facts& reply, time_point sent_at, bool old_key,
                               time_point now) noexcept {
  using answer = reply_facts::answer;
  const bool good = reply.what == answer::minted && window_.good(sent_at, now);
  const bool refused = reply.what == answer::rejected || (reply.what == answer::key_refused && !old_key);
  if (good || refused) {
    const ended_attempt its = m.ended;  // reported next; dropping the other attempt overwrites it
    take_out(m, now);
    m.ended = its;
    return false;
  }
  if (reply.what == answer::minted)
    ++counts_.expired;
  else
    met(m, reply.said);
  if (reply.what == answer::key_refused) --m.attempts;  // its key was rotated away: it doesn't count
  const bool of_its_own = reply.what != answer::rate_limited && reply.retry_after;
  if (of_its_own) m.not_before = std::max(m.not_before, add(now, *reply.retry_after));
  return true;
}

/// An attempt without a reply, for which its mint no longer waits.
void engine::note_unanswered(const attempt& a, time_point now) noexcept {
  if (hedges_.on() && a.now == attempt::state::out) hedges_.on_unanswered(between(now, a.sent_at));
}

/// When the oldest becomes late; `never` if it is late already, and waits for a link.
time_point engine::hedge_wake(time_point now) const noexcept {
  if (hedgeable_.empty()) return never;
  const time_point when = add(hedgeable_.front().sent_at, hedges_.delay());
  return when > now ? when : never;
}

}  // namespace ephemint::inline v0::core
