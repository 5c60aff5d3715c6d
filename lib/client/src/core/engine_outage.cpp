// The engine's fourth part: outages, through which mints without a deadline wait.
#include "core/engine.hpp"

#include <algorithm>

namespace ephemint::inline v0::core {

// --- waiting mints ---

bool engine::waits_out(const mint& m, time_point now) const noexcept {
  return patient(m) && !closing_ && outage_.borne(now, m.outage_patience);
}

bool engine::waits_out(const mint& m, const failure_facts& why, time_point now) const noexcept {
  return why.retryable && waits_out(m, now);
}

/// Whether the mint may not go now, neither on an open link nor on one to be dialled. While an outage is only
/// suspected, a mint that failed lets others try first: they show whether it is one.
bool engine::held_back(const mint& m, time_point now) const noexcept {
  if (!waits_out(m, now)) return false;
  if (outage_.away()) return !outage_.probe_due(now);
  return m.where == mint::place::head && m.attempts > 0 && queue_.size(m.urgency) > 1;
}

/// Takes the mint out of the line, so that mints which don't wait for the outage's end can pass it.
void engine::hold(mint& m, time_point now) noexcept {
  take_out(m, now);
  m.where = mint::place::held;
  m.order = ++held_order_;
  held_.insert(m);
  placed(m);
}

/// Queues all held mints again when the API is back, or when no other mint is there to try it; or the first
/// of them when a probe is due.
void engine::recall(time_point now) noexcept {
  if (held_.empty()) return;
  if (outage_.probe_due(now)) return to_queue(*held_.begin(), now);
  if (outage_.away() || (!outage_.well() && !queue_.empty())) return;
  while (!held_.empty()) to_queue(*held_.begin(), now);
}

/// Whether a failed attempt isn't counted, because it met an outage which the mint waits through, or which
/// has ended since.
bool engine::forgive(mint& m, trouble what, time_point now) noexcept {
  const bool of_the_api =
      what == trouble::server_error || what == trouble::transport || what == trouble::timed_out;
  if (!of_the_api || !patient(m) || closing_) return false;
  if (!outage_.of_the_last(m.until) && !(outage_.away() && waits_out(m, now))) return false;
  --m.attempts;
  ++m.forgiven;
  return true;
}

// --- what is learned ---

/// Notes whether a reply shows that the API is there. `m` is null if nobody waits for the reply any more. A
/// reply that is malformed or isn't the API's shows neither.
void engine::note_reply(const mint* m, const reply_facts& reply, time_point now) noexcept {
  using answer = reply_facts::answer;
  if (reply.what == answer::malformed || reply.foreign) return;
  if (reply.what != answer::server_error) return outage_.on_answer(now);
  if (m) note_lost(*m, reply.said, now);
}

void engine::note_lost(const mint& m, const mint_error& said, time_point now) noexcept {
  const outage_guard::witness account = m.account_hash | 1;  // not `a_dial`
  outage_.on_failure(now, m.until, account, m.probe, said, random_);
}

/// Dials that fail together count as one failure.
void engine::note_failed_dial(link& l, const failure_facts& why, time_point now) noexcept {
  const bool counts = dials_.failed(l, now);
  if (counts) ++dial_failures_;
  if (why.retryable && (counts || l.probe != 0))
    outage_.on_failure(now, l.begun_at, outage_gate::a_dial, l.probe, why.said, random_);
}

// --- when it is too much ---

/// Ends the mints whose patience is over, together, with the error of the last attempt. Mints that come later
/// are tried as if there were no gate: the API may have been back for long.
void engine::end_patience(time_point now) noexcept {
  if (patient_ == 0) {
    least_patience_ = duration::max();
    return;
  }
  if (!outage_.away()) return;
  if (patience_since_ != outage_.since()) {  // another outage: all patience begins anew
    patience_since_ = outage_.since();
    least_patience_ = duration::zero();
  }
  if (now < add(patience_since_, least_patience_)) return;
  const auto known = outage_.reported(now);
  if (!known) return;
  least_patience_ = duration::max();
  for (auto at = live_.begin(); at != live_.end();) {
    mint& m = *at++;
    if (!patient(m)) continue;
    const time_point until = add(known->since, m.outage_patience);
    if (now < until) {
      least_patience_ = std::min(least_patience_, m.outage_patience);
    } else if (m.submitted < until && m.where != mint::place::sent) {
      take_out(m, now);
      met(m, known->said);
      finish(m, outcome::cause::said, known->said.value());
    }
  }
}

time_point engine::outage_wake(time_point now) const noexcept {
  // The held mints had let others go first, and these have ended; or the mint that was to be the probe is
  // gone.
  const bool nobody_goes = outage_.away() ? outage_.probe_due(now) && queue_.empty() && fresh_.empty()
                                          : outage_.well() || queue_.empty();
  if (!held_.empty() && nobody_goes) return now;
  if (patient_ == 0 || !outage_.away()) return never;
  time_point when = outage_.shared() ? add(now, outage_check) : never;
  for (const time_point next : {outage_.probe_at(), add(outage_.since(), least_patience_)})
    if (next > now) when = std::min(when, next);
  return when;
}

}  // namespace ephemint::inline v0::core
