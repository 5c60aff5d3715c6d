#include "core/quota/governed_count.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace ephemint::inline v0::core {

namespace {

/// The first word of a count at rest. It says which parts follow.
struct kept {
  std::uint8_t charges = 0;
  std::uint8_t refused = 0;  // how many of `charges`
  std::uint8_t shares = 0;   // the line's; if any, with its floor
  bool last_send = false;    // if it isn't the burst's `last_taken`
  bool reserve = false;      // if there were logins
  bool held_at = false;      // if a client had to wait
  bool lessons = false;      // if the learner knows more than its two times
  bool pause = false;        // if there was one
};

template <class Part>
constexpr std::size_t words_of = sizeof(Part) / sizeof(std::uint64_t);

template <class Part>
concept in_words = std::is_trivially_copyable_v<Part> && sizeof(Part) % sizeof(std::uint64_t) == 0;

/// Writes parts one after the other. With a null `to` it only counts their words.
class word_writer {
 public:
  explicit word_writer(std::uint64_t* to) noexcept : to_{to} {}
  std::size_t count() const noexcept { return count_; }

  template <in_words Part>
  void write(const Part& part) noexcept {
    if (to_) std::memcpy(to_ + count_, &part, sizeof part);
    count_ += words_of<Part>;
  }

 private:
  std::uint64_t* to_;
  std::size_t count_ = 0;
};

class word_reader {
 public:
  explicit word_reader(const std::uint64_t* from) noexcept : from_{from} {}

  template <in_words Part>
  void read(Part& part) noexcept {
    std::memcpy(static_cast<void*>(&part), from_, sizeof part);
    from_ += words_of<Part>;
  }
  template <in_words Part>
  Part read() noexcept {
    Part part{};
    read(part);
    return part;
  }

 private:
  const std::uint64_t* from_;
};

}  // namespace

std::optional<time_point> governed_count::ask(time_point now, priority urgency, std::uint32_t client,
                                              std::size_t permits) {
  if (limited() || !pause_.open()) {
    refresh(now);
    const auto slack = static_cast<std::uint64_t>(limited() ? std::max(1.0, learner_.limit() / 50) : 64);
    const waiting_line::count others = line_.before(client, urgency, now, slack);
    if (others.outrun || earliest(now, urgency, others.due) > now) {
      const time_point not_before = std::max(earliest(now, urgency, others.all), add(now, shortest_wait));
      line_.wait(client, urgency, not_before, permits);
      note_what_holds(now, urgency);
      last_used_ = now;
      return not_before;
    }
  }
  make_room(client);
  last_used_ = now;
  return std::nullopt;
}

/// Allocates what a permit and its reply will need, so that neither can fail.
void governed_count::make_room(std::uint32_t client) {
  line_.know(client);
  if (!limited()) return;
  charged_.reserve(charged_.size() + in_flight_ + 1);
  refused_.reserve(refused_.size() + in_flight_ + 1);
  if (lease_) lease_->make_room();
}

void governed_count::take(time_point now, std::uint32_t client, outstanding_permit& p) noexcept {
  p.count = this;
  p.client = client;
  p.granted_at = now;
  p.probes_pause = pause_.on_send();
  ++in_flight_;
  if (lease_) lease_->on_taken(now, p.urgency);
  line_.served(client, p.urgency);
  if (!limited() && pause_.open()) return;
  if (!pause_.open()) release_.take(now, flow(now));
  if (limited()) burst_.take(now, rate());
  p.debt = burst_.debt(now, rate());
  if (p.urgency == priority::interactive) reserve_.on_foreground(now);
  last_send_ = now;
}

void governed_count::give_back(time_point now, const outstanding_permit& p) noexcept {
  --in_flight_;
  if (lease_) lease_->on_given_back(now, p.urgency);
  burst_.put_back();
  release_.put_back();
  if (p.probes_pause) pause_.probe_undone();
}

bool governed_count::on_reply(time_point now, const outstanding_permit& p, time_point sent_at, permit_use use,
                              std::optional<duration> retry_after) noexcept {
  --in_flight_;
  last_used_ = now;
  const bool was_paused = pause_.paused();
  sent_at = std::clamp(sent_at, p.granted_at, std::max(p.granted_at, now));
  if (use != permit_use::unknown) learn_round_trip(between(now, sent_at));
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
  return was_paused && !pause_.paused();
}

std::optional<std::uint32_t> governed_count::wake_one(time_point now, std::uint32_t client,
                                                      bool pause_ended) noexcept {
  refresh(now);
  for (waiting_line::place& p : line_.places()) {
    if (p.client == client || p.woken) continue;
    std::size_t before = 0;
    for (const waiting_line::place& other : line_.places()) {
      if (&other == &p) break;
      before += other.urgency <= p.urgency ? 1 : 0;
    }
    // A free place in flight moves every turn a little: only the client whose turn it is gets told.
    const time_point when = earliest(now, p.urgency, before);
    if (when > now && !(pause_ended && add(when, shortest_wait) <= p.not_before)) continue;
    if (p.not_before <= now) continue;  // it asks again by itself
    p.woken = true;
    return p.client;
  }
  return std::nullopt;
}

time_point governed_count::estimate(time_point now, priority urgency, std::size_t ahead) noexcept {
  refresh(now);
  return earliest(now, urgency, ahead);
}

/// Requests in flight count as used: the server may have counted them already.
quota_state governed_count::state(time_point now) const noexcept {
  quota_state known{.in_force = in_force(), .probing = pause_.probing()};
  if (limited()) known.used = charged_.count_after(add(now, -window())) + in_flight_;
  if (pause_.paused()) known.pause = std::max(between(pause_.until(), now), duration::zero());
  return known;
}

quota governed_count::in_force() const noexcept {
  const auto permits = static_cast<std::uint64_t>(learner_.limit());
  switch (quota_.how()) {
    case quota::mode::declared:
      return quota::declared(permits, quota_.window());
    case quota::mode::automatic:
      return quota::automatic(permits, quota_.window());
    case quota::mode::unlimited:
      break;
  }
  return quota_;
}

/// The latest of the times that each rule gives by itself.
time_point governed_count::earliest(time_point now, priority urgency, std::size_t ahead) const noexcept {
  time_point when = room_in_flight(now, ahead);
  if (limited()) when = std::max(when, room(now, urgency, ahead));
  if (!pause_.paused()) return std::max(when, paced(now, urgency, ahead));
  time_point released = std::max(now, pause_.until());
  if (ahead > 0) released = add(released, usual_round_trip_);  // the probe's round trip
  return std::max(when, paced(released, urgency, ahead > 0 ? ahead - 1 : 0));
}

bool governed_count::forgettable(time_point now) const noexcept {
  if (in_flight_ > 0) return false;
  const duration unused = between(now, last_used_);
  const bool still = pause_.open() && unused > window();
  // What was learned about an account that stays away is forgotten, so that memory stays bounded.
  return (still && !learner_.learned_anything()) || unused > window() + memory_of_absent;
}

std::size_t governed_count::put_to_rest(std::uint64_t* words) const noexcept {
  const bool few = charged_.size() <= charge_log::few && line_.shares().size() <= waiting_line::few;
  if (in_flight_ > 0 || !line_.nobody_waits() || !few) return 0;
  kept k;
  k.charges = static_cast<std::uint8_t>(charged_.size());
  k.refused = static_cast<std::uint8_t>(refused_.size());
  k.shares = static_cast<std::uint8_t>(line_.shares().size());
  k.last_send = last_send_ != burst_.last_taken();
  k.reserve = !reserve_.untouched();
  k.pause = !pause_.untouched();
  k.held_at = learner_.held_at() != time_point{};
  k.lessons = k.pause || (k.held_at && quota_.how() == quota::mode::automatic);
  word_writer to{words};
  to.write(k);
  to.write(last_used_);
  to.write(burst_);
  to.write(usual_round_trip_);
  for (std::size_t i = 0; i < charged_.size(); ++i) to.write(charged_.at(i));
  if (k.last_send) to.write(last_send_);
  if (k.reserve) to.write(reserve_);
  if (k.shares > 0) to.write(line_.floor());
  for (const waiting_line::share& s : line_.shares()) to.write(s);
  if (k.lessons) {
    to.write(learner_);
  } else {
    to.write(learner_.advanced_to());
    if (k.held_at) to.write(learner_.held_at());
  }
  if (!k.pause) return to.count();
  to.write(pause_);
  to.write(release_);
  to.write(held_by_release_);
  to.write(random_);  // only pauses use it
  for (std::size_t i = 0; i < refused_.size(); ++i) to.write(refused_.at(i));
  return to.count();
}

bool governed_count::used_lately(time_point now, duration window, const std::uint64_t* words) noexcept {
  word_reader from{words};
  from.read<kept>();
  return between(now, from.read<time_point>()) <= window;
}

void governed_count::wake(const std::uint64_t* words) noexcept {
  word_reader from{words};
  const auto k = from.read<kept>();
  from.read(last_used_);
  from.read(burst_);
  from.read(usual_round_trip_);
  for (int i = 0; i < k.charges; ++i) charged_.add(from.read<time_point>());
  last_send_ = k.last_send ? from.read<time_point>() : burst_.last_taken();
  if (k.reserve) from.read(reserve_);
  if (k.shares > 0) line_.take_over(from.read<std::uint64_t>());
  for (int i = 0; i < k.shares; ++i) line_.take_over(from.read<waiting_line::share>());
  if (k.lessons) {
    from.read(learner_);
  } else {
    learner_.advance(from.read<time_point>(), 0);
    if (k.held_at) learner_.on_held_back(from.read<time_point>());
  }
  if (!k.pause) return;
  from.read(pause_);
  from.read(release_);
  from.read(held_by_release_);
  from.read(random_);
  for (int i = 0; i < k.refused; ++i) refused_.add(from.read<time_point>());
}

/// Applies what time alone changes.
void governed_count::refresh(time_point now) noexcept {
  if (limited()) {
    charged_.expire(add(now, -window()));
    refused_.expire(add(now, -window()));
    if (lease_) lease_->advance(now);
    if (!lease_ || lease_->may_grow())
      learner_.advance(now, static_cast<double>(charged_.size() + in_flight_));
  }
  // The pace after a pause lasts until demand has fallen below it, or until a whole window was filled evenly.
  if (!pause_.ramping()) return;
  const duration since = between(now, pause_.released_at());
  const bool window_filled = since >= (limited() ? window() : free_again);
  const bool demand_met = since >= gentle_start && between(now, held_by_release_) >= std::chrono::seconds{2};
  if (window_filled || demand_met) pause_.end_ramp();
}

void governed_count::note_what_holds(time_point now, priority urgency) noexcept {
  if (pause_.paused()) return;
  if (pause_.ramping() && paced(now, urgency, 0) > now) held_by_release_ = now;
  if (!limited()) return;
  const bool by_pace = urgency == priority::background && paced(now, urgency, 0) > now;
  if (by_pace || pause_.ramping() || room(now, urgency, 0) > now) learner_.on_held_back(now);
}

double governed_count::rate() const noexcept {
  const double permits = lease_ ? lease_->flow() : learner_.limit();
  return permits / std::chrono::duration<double>(window()).count();
}

/// How many permits a second drain the burst bucket. After a pause at most 66 a second for 5 s (no more than
/// 8 in any 100 ms), then twice as many each second, so that a quota of thousands a second comes back without
/// a rush. If the server's limiter was broken during the pause, the window has emptied meanwhile, and those
/// who wait may fill it faster than at the quota's own pace.
double governed_count::flow(time_point now) const noexcept {
  const double steady = limited() ? rate() : 1e9;
  if (pause_.open()) return steady;
  if (pause_.paused()) return std::min(steady, gentle_rate);
  const std::chrono::duration<double> past =
      std::chrono::duration<double>(between(now, pause_.released_at())) - gentle_start;
  if (learner_.may_release_at_once() && past < gentle_start) return gentle_rate;
  const double most = pause_.misled() ? std::max(steady, least_rate) : steady;
  return std::min(most, gentle_rate * std::exp2(std::clamp(past.count(), 0.0, 24.0)));
}

time_point governed_count::paced(time_point now, priority urgency, std::size_t ahead) const noexcept {
  const auto count = static_cast<double>(ahead);
  time_point when = now;
  if (!pause_.open()) when = release_.earliest(now, flow(now), 1.0, count);
  if (!limited()) return when;
  double size = std::numeric_limits<double>::infinity();
  if (learner_.burst() < learner_.limit()) size = std::max(1.0, learner_.burst());
  const bool alone = learner_.may_release_at_once() && reserve_.idle(now);
  const bool even = lease_ && lease_->paces();
  if (urgency == priority::background && !alone && !even) size = std::min(size, background_burst);
  return std::isinf(size) ? when : std::max(when, burst_.earliest(now, rate(), size, count));
}

/// A client that floods the server before the first answer is back learns too late that it is refused. 8 in
/// flight are enough for 100 requests a second at a round trip of 80 ms; a larger quota gets more.
std::size_t governed_count::in_flight_cap() const noexcept {
  if (!limited()) return pause_.in_flight_allowed();
  const double needed = 4.0 * rate() * std::chrono::duration<double>(usual_round_trip_).count();
  const std::size_t cap = std::max<std::size_t>(8, static_cast<std::size_t>(std::min(needed, 1e6)));
  return std::min(cap, pause_.in_flight_allowed());
}

time_point governed_count::room_in_flight(time_point now, std::size_t ahead) const noexcept {
  const std::size_t cap = in_flight_cap();
  if (in_flight_ < cap && ahead < cap - in_flight_) return now;
  // `over` replies must come first, at `cap` per round trip.
  const double over = static_cast<double>(in_flight_) + static_cast<double>(ahead) - static_cast<double>(cap);
  const double round_trips = 0.5 + over / static_cast<double>(cap);
  return add(now, whole(round_trips * std::chrono::duration<double>(usual_round_trip_)));
}

time_point governed_count::room(time_point now, priority urgency, std::size_t ahead) const noexcept {
  return lease_ ? lease_->room(now, urgency, ahead) : room_in_window(now, urgency, ahead);
}

std::size_t governed_count::wanted(priority urgency, time_point now) const noexcept {
  const std::size_t cap = in_flight_cap();
  const std::size_t lanes = cap > in_flight_ ? cap - in_flight_ : 0;
  return std::min(lanes, line_.wanted(urgency, now));
}

time_point governed_count::room_in_window(time_point now, priority urgency,
                                          std::size_t ahead) const noexcept {
  const double kept = urgency == priority::background ? reserve_.permits(now, learner_.limit()) : 0.0;
  const auto allowed = std::max<std::size_t>(1, static_cast<std::size_t>(learner_.limit() - kept));
  const std::size_t used = charged_.size() + in_flight_;
  // Every `allowed` permits take one whole window, so the number of windows is exact.
  const std::size_t rest = ahead % allowed;
  constexpr std::size_t longest = std::numeric_limits<duration::rep>::max();
  const duration windows = times(window(), static_cast<duration::rep>(std::min(ahead / allowed, longest)));
  // A permit that is taken from now on is charged then at the earliest; none that was taken already is
  // charged later.
  const time_point latest =
      std::max(add(now, usual_round_trip_), charged_.empty() ? now : charged_.at(charged_.size() - 1));
  time_point when = latest;
  if (used + rest < allowed) {
    when = spread_of_the_rest(now, allowed - used, rest);
  } else {
    const std::size_t leaves = used + rest - allowed;
    when = add(leaves < charged_.size() ? charged_.at(leaves) : latest, window());
  }
  if (ahead >= allowed) when = std::max(when, latest);
  return add(when, windows);
}

/// If the window stays shut for long once it is full, its last tenth is spread over that time, so that a
/// login that comes in the middle of it is still served in time. Permits that the background left for logins
/// aren't spread, as logins shouldn't have to wait for them. Of the requests `ahead`, those before the last
/// tenth go at once.
time_point governed_count::spread_of_the_rest(time_point now, std::size_t left,
                                              std::size_t ahead) const noexcept {
  const auto tenth = static_cast<std::size_t>(std::max(0.0, std::ceil(learner_.limit() / 10) - 1));
  const std::size_t at_once = left > tenth ? left - tenth : 0;
  const std::size_t last = left - at_once;  // permits of the last tenth
  const time_point reopens = add(charged_.empty() ? add(now, usual_round_trip_) : charged_.at(0), window());
  const duration soon = window() / 12;
  const bool spread = ahead >= at_once && last > kept_for_logins(reserve_, now) &&
                      (ahead > 0 || !charged_.empty()) && between(reopens, now) > soon;
  if (!spread) return std::min(room_in_flight(now, ahead), reopens);
  const time_point from = at_once > 0 ? std::min(room_in_flight(now, at_once), reopens) : last_send_;
  const duration step = between(reopens, from) / static_cast<duration::rep>(last + 1);
  // Logins don't wait for one another if permits are kept for them, or if the window opens soon.
  auto steps = static_cast<duration::rep>(ahead - at_once);
  foreground_reserve by_then = reserve_;
  by_then.on_foreground(now, static_cast<double>(left));
  const auto all_but_two = static_cast<duration::rep>(last > 2 ? last - 2 : 0);  // usually that many wait
  const auto kept = kept_for_logins(by_then, add(from, times(step, std::min(steps, all_but_two))));
  const auto most = static_cast<duration::rep>(last > kept ? last - kept : 1);
  steps = std::min(steps + 1, most);
  const auto before_soon = (between(reopens, from) - soon) / std::max(step, duration{1}) + 1;
  return add(from, times(step, std::clamp<duration::rep>(before_soon, 1, steps)));
}

std::size_t governed_count::kept_for_logins(const foreground_reserve& r, time_point now) const noexcept {
  return static_cast<std::size_t>(std::ceil(r.permits(now, learner_.limit())));
}

void governed_count::learn_round_trip(duration taken) noexcept {
  taken = std::clamp(taken, duration{}, longest_round_trip);
  usual_round_trip_ += (taken - usual_round_trip_) / 8;
}

/// A charge is dated with the latest moment at which the server can have counted the request: when its reply
/// is handled, plus a margin for a coarse clock. At which point of the round trip the server counts can't be
/// seen. With an earlier date, delay could move requests into the server's next window while we count them in
/// the last one, and a full window would exceed the quota. A request without a reply may still be in the
/// server's queue.
void governed_count::charge(time_point now, time_point sent_at, permit_use use) noexcept {
  const duration margin = std::min<duration>(std::chrono::milliseconds{10}, window() / 20);
  const duration queued = std::min<duration>(longest_queue, window());
  const bool replied = use != permit_use::unknown;
  const time_point charged_at = replied ? add(now, margin) : std::max(now, add(sent_at, queued));
  charged_.add(charged_at);
  if (lease_) lease_->on_charged(now, charged_at);
  if (use == permit_use::rate_limited) refused_.add(charged_at);
}

/// `Retry-After` tells when the server's window began, unless it is too short to be the rest of a window, or
/// always a whole window. As it is rounded up to seconds, half a second is subtracted.
void governed_count::learn_refusal(time_point now, const outstanding_permit& p,
                                   std::optional<duration> retry_after) noexcept {
  time_point since = add(now, -window());
  if (retry_after && *retry_after >= window() / 12 && *retry_after < window())
    since = add(since, *retry_after - std::chrono::milliseconds{500});
  const std::size_t own = charged_.count_after(since) - refused_.count_after(since);
  const double counted = lease_ ? std::max(lease_->counted(), 0.0) : static_cast<double>(own);
  const duration span = charged_.empty() ? duration{} : std::max(between(now, charged_.at(0)), duration{});
  learner_.on_refused(now, {between(pause_.until(), now), counted,
                            std::min(1.0, std::chrono::duration<double>(span) / window()), p.debt});
}

}  // namespace ephemint::inline v0::core
