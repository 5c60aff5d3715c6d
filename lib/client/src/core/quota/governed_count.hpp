#pragma once

#include "core/quota/burst_bucket.hpp"
#include "core/quota/charge_log.hpp"
#include "core/quota/pause_gate.hpp"
#include "core/quota/permit_table.hpp"
#include "core/quota/quota_learner.hpp"
#include "core/quota/reserve.hpp"
#include "core/quota/waiting_line.hpp"
#include "core/random.hpp"

#include <ephemint/clock.hpp>
#include <ephemint/mint_request.hpp>
#include <ephemint/quota.hpp>
#include <ephemint/rate_governor.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace ephemint::inline v0::core {

/// One count of the quota: the key's, or one account's. Joins the parts; each rule stands in its own part.
/// Not thread-safe.
class governed_count {
 public:
  using time_point = clock::time_point;

  governed_count(const quota& q, std::uint64_t seed) : quota_{q}, learner_{q}, random_{seed} {}

  /// When to ask; `now` if a permit may be taken at once.
  time_point ask(time_point now, priority urgency, std::uint32_t client);
  /// Takes a permit; right after `ask` said `now`.
  void take(time_point now, std::uint32_t client, outstanding_permit& p);
  void leave(std::uint32_t client) noexcept { line_.leave(client); }

  void on_reply(time_point now, const outstanding_permit& p, time_point sent_at, permit_use use,
                std::optional<clock::duration> retry_after);
  void give_back(const outstanding_permit& p) noexcept;

  /// When the permit after `ahead` others can be had.
  time_point estimate(time_point now, priority urgency, std::size_t ahead) noexcept {
    refresh(now);
    return earliest(now, urgency, ahead);
  }

  /// Says and knows nothing that a new one wouldn't.
  bool forgettable(time_point now) const noexcept;

  clock::duration round_trip() const noexcept { return usual_round_trip_; }
  std::size_t in_flight() const noexcept { return in_flight_; }
  const quota_learner& learned() const noexcept { return learner_; }

 private:
  // A release is gentle for so long, at so many a second (targets.md: 8 in any 100 ms), and free after so
  // long.
  static constexpr std::chrono::seconds gentle_start{5};
  static constexpr double gentle_rate = 66.0;
  static constexpr double least_rate = 9.0;  // one in any 100 ms: nobody's herd
  static constexpr clock::duration free_again = std::chrono::seconds{15};
  // More than 1, so that a timer that is late by half an interval loses nothing.
  static constexpr double background_burst = 1.5;
  // Whoever is told `later` shall not spin.
  static constexpr clock::duration shortest_wait = std::chrono::milliseconds{1};
  static constexpr std::chrono::minutes memory_of_absent{10};

  bool limited() const noexcept { return quota_.how() != quota::mode::unlimited; }
  double rate() const noexcept;
  double flow(time_point now) const noexcept;
  std::size_t in_flight_cap() const noexcept;
  void refresh(time_point now) noexcept;
  time_point earliest(time_point now, priority urgency, std::size_t ahead) const noexcept;
  void note_what_holds(time_point now, priority urgency) noexcept;

  time_point room_in_flight(time_point now, std::size_t ahead) const noexcept;
  time_point room_in_window(time_point now, priority urgency, std::size_t ahead) const noexcept;
  time_point spread_of_the_rest(time_point now, std::size_t left, std::size_t ahead) const noexcept;
  time_point paced(time_point now, priority urgency, std::size_t ahead) const noexcept;

  void learn_round_trip(clock::duration taken) noexcept;
  void charge(time_point now, time_point sent_at, permit_use use);
  void learn_refusal(time_point now, const outstanding_permit& p, std::optional<clock::duration> retry_after);

  quota quota_;
  charge_log charged_;
  charge_log refused_;  // those of `charged_` that the server refused
  burst_bucket burst_;
  burst_bucket release_;  // of what is sent after a pause
  pause_gate pause_;
  quota_learner learner_;
  foreground_reserve reserve_;
  waiting_line line_;
  splitmix random_;
  std::size_t in_flight_ = 0;
  time_point last_send_{};
  time_point last_used_{};
  time_point held_by_release_{};  // when the pace after a pause last made somebody wait
  clock::duration least_round_trip_ = std::chrono::hours{1};
  clock::duration usual_round_trip_ = std::chrono::milliseconds{80};
};

inline governed_count::time_point governed_count::ask(time_point now, priority urgency,
                                                      std::uint32_t client) {
  last_used_ = now;
  if (!limited() && pause_.open()) return now;
  refresh(now);
  const auto slack = static_cast<std::uint64_t>(limited() ? std::max(1.0, learner_.limit() / 50) : 64);
  const waiting_line::count others = line_.before(client, urgency, now, slack);
  if (!others.outrun && earliest(now, urgency, others.due) <= now) return now;
  note_what_holds(now, urgency);
  const time_point not_before = std::max(earliest(now, urgency, others.all), now + shortest_wait);
  line_.wait(client, urgency, not_before);
  return not_before;
}

inline void governed_count::take(time_point now, std::uint32_t client, outstanding_permit& p) {
  p.count = this;
  p.granted_at = now;
  p.probes_pause = pause_.on_send();
  ++in_flight_;
  line_.served(client, p.urgency);
  if (!limited() && pause_.open()) return;
  if (!pause_.open()) release_.take(now, flow(now));
  if (limited()) burst_.take(now, rate());
  p.debt = burst_.debt(now, rate());
  if (p.urgency == priority::interactive) reserve_.on_foreground(now);
  last_send_ = now;
}

inline void governed_count::give_back(const outstanding_permit& p) noexcept {
  --in_flight_;
  burst_.put_back();
  release_.put_back();
  if (p.probes_pause) pause_.probe_undone();
}

inline void governed_count::on_reply(time_point now, const outstanding_permit& p, time_point sent_at,
                                     permit_use use, std::optional<clock::duration> retry_after) {
  --in_flight_;
  last_used_ = now;
  sent_at = std::clamp(sent_at, p.granted_at, std::max(p.granted_at, now));
  if (use != permit_use::unknown) learn_round_trip(now - sent_at);
  if (limited()) charge(now, sent_at, use);
  if (use == permit_use::rate_limited) {
    const bool teaches = limited() && !p.probes_pause && pause_.is_news(p.granted_at, false);
    pause_.on_rate_limited(now, p.granted_at, p.probes_pause, retry_after, random_);
    if (teaches) learn_refusal(now, p, retry_after);
  } else if (use == permit_use::unknown) {
    if (p.probes_pause) pause_.probe_undone();
  } else {
    if (p.probes_pause && pause_.misled()) learner_.forget_last();
    pause_.on_admitted(now, p.probes_pause);
  }
}

/// The answer is the latest of what each rule says by itself.
inline governed_count::time_point governed_count::earliest(time_point now, priority urgency,
                                                           std::size_t ahead) const noexcept {
  time_point when = room_in_flight(now, ahead);
  if (limited()) when = std::max(when, room_in_window(now, urgency, ahead));
  if (!pause_.paused()) return std::max(when, paced(now, urgency, ahead));
  time_point released = std::max(now, pause_.until());
  if (ahead > 0) released += usual_round_trip_;  // the probe's
  return std::max(when, paced(released, urgency, ahead > 0 ? ahead - 1 : 0));
}

inline bool governed_count::forgettable(time_point now) const noexcept {
  if (in_flight_ > 0) return false;
  const bool still = pause_.open() && now - last_used_ > quota_.window();
  // What was learned of an account that stays away is forgotten, so that memory stays bounded.
  return (still && !learner_.learned_anything()) || now - last_used_ > quota_.window() + memory_of_absent;
}

/// What time alone changes.
inline void governed_count::refresh(time_point now) noexcept {
  if (limited()) {
    charged_.expire(now - quota_.window());
    refused_.expire(now - quota_.window());
    learner_.advance(now, static_cast<double>(charged_.size() + in_flight_));
  }
  // The pace after a pause lasts until demand fell below it, or a whole window was filled evenly by it.
  if (!pause_.ramping()) return;
  const auto since = now - pause_.released_at();
  const bool window_filled = since >= (limited() ? clock::duration{quota_.window()} : free_again);
  const bool demand_met = since >= gentle_start && now - held_by_release_ >= std::chrono::seconds{2};
  if (window_filled || demand_met) pause_.end_ramp();
}

inline void governed_count::note_what_holds(time_point now, priority urgency) noexcept {
  if (pause_.paused()) return;
  if (pause_.ramping() && paced(now, urgency, 0) > now) held_by_release_ = now;
  if (!limited()) return;
  const bool by_pace = urgency == priority::background && paced(now, urgency, 0) > now;
  if (by_pace || pause_.ramping() || room_in_window(now, urgency, 0) > now) learner_.on_held_back(now);
}

inline double governed_count::rate() const noexcept {
  return learner_.limit() / std::chrono::duration<double>(quota_.window()).count();
}

/// Permits a second that drain the burst bucket. After a pause at most 66 a second for 5 s (targets.md: no
/// more than 8 in any 100 ms), then doubling each second: a quota of thousands a second comes back without a
/// herd. After a limiter's illness, in which the window has emptied, those who wait needn't fill it at the
/// quota's own pace.
inline double governed_count::flow(time_point now) const noexcept {
  const double steady = limited() ? rate() : 1e9;
  if (pause_.open()) return steady;
  if (pause_.paused()) return std::min(steady, gentle_rate);
  const std::chrono::duration<double> past = now - pause_.released_at() - gentle_start;
  if (learner_.may_release_at_once() && past < gentle_start) return gentle_rate;
  const double most = pause_.misled() ? std::max(steady, least_rate) : steady;
  return std::min(most, gentle_rate * std::exp2(std::clamp(past.count(), 0.0, 24.0)));
}

inline governed_count::time_point governed_count::paced(time_point now, priority urgency,
                                                        std::size_t ahead) const noexcept {
  const auto count = static_cast<double>(ahead);
  time_point when = now;
  if (!pause_.open()) when = release_.earliest(now, flow(now), 1.0, count);
  if (!limited()) return when;
  double size = std::numeric_limits<double>::infinity();
  if (learner_.burst() < learner_.limit()) size = std::max(1.0, learner_.burst());
  const bool alone = learner_.may_release_at_once() && reserve_.idle(now);
  if (urgency == priority::background && !alone) size = std::min(size, background_burst);
  return std::isinf(size) ? when : std::max(when, burst_.earliest(now, rate(), size, count));
}

/// A client that floods the server before the first answer is back learns too late that it is refused.
/// 8 is enough for 100 requests a second at a round trip of 80 ms; a quota that needs more gets more.
inline std::size_t governed_count::in_flight_cap() const noexcept {
  if (!limited()) return pause_.in_flight_allowed();
  const double needed = 4.0 * rate() * std::chrono::duration<double>(usual_round_trip_).count();
  const std::size_t cap = std::max<std::size_t>(8, static_cast<std::size_t>(std::min(needed, 1e6)));
  return std::min(cap, pause_.in_flight_allowed());
}

inline governed_count::time_point governed_count::room_in_flight(time_point now,
                                                                 std::size_t ahead) const noexcept {
  const std::size_t cap = in_flight_cap();
  if (in_flight_ < cap && ahead < cap - in_flight_) return now;
  const std::size_t over = in_flight_ + ahead - cap;  // so many replies must come before, `cap` a round trip
  const double round_trips = 0.5 + static_cast<double>(over) / static_cast<double>(cap);
  return now + std::chrono::duration_cast<clock::duration>(round_trips *
                                                           std::chrono::duration<double>(usual_round_trip_));
}

inline governed_count::time_point governed_count::room_in_window(time_point now, priority urgency,
                                                                 std::size_t ahead) const noexcept {
  const double kept = urgency == priority::background ? reserve_.permits(now, learner_.limit()) : 0.0;
  const auto allowed = std::max<std::size_t>(1, static_cast<std::size_t>(learner_.limit() - kept));
  const std::size_t used = charged_.size() + in_flight_;
  // Of every `allowed` permits one leaves the window for the next to be taken: the count of windows is exact.
  const std::size_t rest = ahead % allowed;
  const auto windows = static_cast<int>(std::min<std::size_t>(ahead / allowed, 1'000'000)) * quota_.window();
  if (used + rest < allowed) return windows + spread_of_the_rest(now, allowed - used, rest);
  const std::size_t leaves = used + rest - allowed;
  const time_point charged_at = leaves < charged_.size() ? charged_.at(leaves) : now + usual_round_trip_;
  return charged_at + quota_.window() + windows;
}

/// The last tenth of a window that stays shut for long is spread over that time: a login that comes in
/// its middle is then still served within its patience. (governor.md, "A permit") What the background left
/// for logins isn't: it was left so that they needn't wait.
inline governed_count::time_point governed_count::spread_of_the_rest(time_point now, std::size_t left,
                                                                     std::size_t ahead) const noexcept {
  if (static_cast<double>(left) >= learner_.limit() / 10 || charged_.empty()) return now;
  if (static_cast<double>(left) <= std::ceil(reserve_.permits(now, learner_.limit()))) return now;
  const time_point reopens = charged_.at(0) + quota_.window();
  if (reopens - now <= quota_.window() / 12) return now;
  return last_send_ + (reopens - last_send_) / static_cast<int>(left + 1) * static_cast<int>(ahead + 1);
}

inline void governed_count::learn_round_trip(clock::duration taken) noexcept {
  least_round_trip_ = std::min(least_round_trip_, taken);
  usual_round_trip_ += (taken - usual_round_trip_) / 8;
}

/// The charge is dated when the server can have counted the request at the latest: at the reply, less half of
/// the shortest round trip, plus a margin. Dated by the send, jitter moves requests into the server's next
/// window while we think them in the last, and a full window breaks (governor.md, "Lessons").
inline void governed_count::charge(time_point now, time_point sent_at, permit_use use) {
  const clock::duration margin =
      std::min<clock::duration>(std::chrono::milliseconds{10}, quota_.window() / 20);
  time_point charged_at = now;
  if (use != permit_use::unknown) charged_at = std::max(sent_at, now - least_round_trip_ / 2 + margin);
  charged_.add(charged_at);
  if (use == permit_use::rate_limited) refused_.add(charged_at);
}

/// `Retry-After` tells where the server's window began, unless it is too short to be a window's rest or the
/// same for everybody (a whole window). Rounded up to seconds: half a second is taken back.
inline void governed_count::learn_refusal(time_point now, const outstanding_permit& p,
                                          std::optional<clock::duration> retry_after) {
  const clock::duration window = quota_.window();
  time_point since = now - window;
  if (retry_after && *retry_after >= window / 12 && *retry_after < window)
    since += *retry_after - std::chrono::milliseconds{500};
  const std::size_t counted = charged_.count_after(since) - refused_.count_after(since);
  const clock::duration span = charged_.empty() ? clock::duration{} : now - charged_.at(0);
  learner_.on_refused(now, {pause_.until() - now, static_cast<double>(counted),
                            std::min(1.0, std::chrono::duration<double>(span) / window), p.debt});
}

}  // namespace ephemint::inline v0::core
