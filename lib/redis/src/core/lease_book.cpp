#include "core/lease_book.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ephemint::inline v0::redis {

using core::add;
using core::between;
using core::duration;
using core::never;
using core::time_point;

namespace {

constexpr std::size_t longest_epoch = 64;
constexpr duration least_wait = std::chrono::milliseconds{1};

/// The store isn't asked more often than this for anything that isn't urgent.
duration step_of(duration window) noexcept {
  return std::clamp<duration>(window / 600, std::chrono::milliseconds{5}, std::chrono::milliseconds{250});
}

/// 15 hex digits: short enough not to allocate.
std::string name_of(std::uint64_t drawn) {
  constexpr const char* digits = "0123456789abcdef";
  std::string name(15, '0');
  for (char& c : name) {
    c = digits[drawn & 15];
    drawn >>= 4;
  }
  return name;
}

/// Rounded up, so that a pause is never shortened.
milliseconds until(time_point then, time_point now) noexcept {
  return std::chrono::ceil<milliseconds>(
      std::clamp<duration>(between(then, now), {}, std::chrono::hours{24}));
}

milliseconds since(time_point then, time_point now) noexcept {
  return std::chrono::floor<milliseconds>(std::max(between(now, then), duration{}));
}

}  // namespace

lease_book::lease_book(const lease_terms& terms, std::uint64_t seed)
    : terms_{terms},
      random_{seed},
      count_{terms.rate, random_.next(), this},
      member_{random_.next()},
      uses_{terms.rate.window()},
      limit_{static_cast<double>(terms.rate.requests())},
      flow_{limit_} {
  epoch_.reserve(longest_epoch);  // so that an answer allocates nothing
}

// --- the count's calls to its lease ---

void lease_book::make_room() { uses_.reserve(count_.charged().size() + count_.in_flight() + 1); }

void lease_book::advance(time_point now) noexcept {
  uses_.advance(now);
  if (now >= lease_end_) drop_held();
  // The first command may get lost like any other. That alone doesn't justify a share of our own, in addition
  // to the whole quota that the others use.
  const bool lost = ever_ ? between(now, silent_since_) > lost_after : backoff_ > duration{first_backoff};
  if (backoff_ > duration{} && lost) lose(now);
  flow_ = away_ ? std::max(1.0, own_permits(now)) : count_.limit();
}

time_point lease_book::room(time_point now, priority urgency, std::size_t ahead) const noexcept {
  if (leaving_) return never;
  if (away_) return own_room(now, ahead);
  const std::size_t held = for_background_ + (urgency == priority::interactive ? for_logins_ : 0);
  if (ahead < held) return now;
  // For more than the free permits the window must move on. Others may take a part of them, so this time is
  // too early rather than too late.
  const double later = static_cast<double>(ahead - held) - std::max(0.0, free_);
  const std::chrono::duration<double> window = terms_.rate.window();
  return add(answer_due(now, urgency), core::whole(window / limit_ * std::max(0.0, later)));
}

/// When the store's answer is expected.
time_point lease_book::answer_due(time_point now, priority urgency) const noexcept {
  if (out_) {
    const time_point usual = add(out_->sent_at, core::sum(round_trip_, least_wait));
    if (usual > now) return usual;
    return add(now, std::max<duration>(round_trip_, std::chrono::milliseconds{5}));  // overdue: don't spin
  }
  const time_point ask = urgency == priority::interactive ? ask_for_logins_ : ask_for_background_;
  return add(std::max({now, ask, not_before_}), core::sum(round_trip_, least_wait));
}

/// Until when to wait for a store that was reached once. `never`, if it never was or that time is over: then
/// no permit is expected.
time_point lease_book::given_up_at(time_point now) const noexcept {
  const time_point given_up = add(silent_since_, core::duration{stop_patience});
  return ever_ && now < given_up ? given_up : never;
}

/// Room in a window of our own.
time_point lease_book::own_room(time_point now, std::size_t ahead) const noexcept {
  const auto allowed = static_cast<std::size_t>(own_permits(now));
  if (allowed == 0) {
    const bool silent = terms_.stop_if_lost && !recovering_;
    return silent ? given_up_at(now) : answer_due(now, priority::interactive);
  }
  const core::charge_log& charged = count_.charged();
  const std::size_t used = charged.size() + count_.in_flight();
  const duration window = terms_.rate.window();
  const duration windows = core::times(window, static_cast<duration::rep>(ahead / allowed));
  const std::size_t rest = ahead % allowed;
  if (used + rest < allowed) return add(now, windows);
  const std::size_t leaves = used + rest - allowed;
  const time_point charged_at =
      leaves < charged.size() ? charged.at(leaves) : add(now, std::chrono::milliseconds{80});
  return add(charged_at, core::sum(window, windows));
}

void lease_book::on_taken(time_point now, priority urgency) noexcept {
  if (urgency == priority::interactive) {
    ++logins_;
    expected_.on_login(now);
  }
  if (away_)
    used_own_share_ = true;
  else if (urgency == priority::interactive && for_logins_ > 0)
    --for_logins_;
  else if (for_background_ > 0)
    --for_background_;
}

/// The permit counts as never taken, if it came from a lease that still runs.
void lease_book::on_given_back(time_point now, priority urgency) noexcept {
  if (urgency == priority::interactive && logins_ > 0) --logins_;
  if (away_ || leaving_ || now >= lease_end_ || unreturned() >= believed_held_) return;
  ++(urgency == priority::interactive ? for_logins_ : for_background_);
}

void lease_book::on_charged(time_point, time_point charged_at) noexcept { uses_.add(charged_at); }

std::uint64_t lease_book::unreturned() const noexcept {
  return held() + count_.in_flight() + uses_.to_come() + uses_.untold();
}

double lease_book::flow() const noexcept { return flow_; }

double lease_book::counted() const noexcept {
  if (away_) return static_cast<double>(count_.charged().size() * members_);
  return counted_ + static_cast<double>(uses_.untold() + uses_.to_come()) - 1.0;  // less the refused one
}

// --- our own share while the store is away ---

quota_state lease_book::state(time_point now) const noexcept {
  quota_state known = count_.state(now);
  const double permits = away_ ? own_permits(now) : std::min(limit_, count_.limit());
  known.in_force.reset();  // there is none if nothing is sent without the store
  if (permits >= 1)
    known.in_force = quota::declared(static_cast<std::uint64_t>(permits), terms_.rate.window());
  if (!away_) known.used = std::max(known.used, used_by_all(now));
  return known;
}

/// The store's last figure, plus our own uses that it doesn't know yet. After a window the store's figure is
/// ignored, as all of it has left the window.
std::uint64_t lease_book::used_by_all(time_point now) const noexcept {
  if (!ever_ || between(now, answered_at_) >= terms_.rate.window()) return 0;
  const double told = std::max(counted_, 0.0);
  return static_cast<std::uint64_t>(told) + uses_.untold() + uses_.to_come() + count_.in_flight();
}

double lease_book::equal_part() const noexcept {
  return std::min(limit_, count_.limit()) / static_cast<double>(std::max<std::size_t>(1, members_));
}

double lease_book::own_permits(time_point now) const noexcept {
  if (terms_.stop_if_lost) return 0;
  if (!ever_) return terms_.share_if_lost;
  return std::floor(share_.permits(now, equal_part()));
}

/// Our own slots that must not be given to others, as we may fill them before our next command.
std::uint64_t lease_book::claimed(time_point now) const noexcept {
  if (!away_ || !(ever_ || used_own_share_)) return 0;
  const time_point edge = add(add(now, recovery_step), -duration{terms_.rate.window()});
  const double filled = static_cast<double>(count_.charged().count_after(edge) + count_.in_flight());
  return static_cast<std::uint64_t>(std::max(0.0, own_permits(now) - filled));
}

/// Returns whether that is a change.
bool lease_book::go_away(time_point now) noexcept {
  if (away_) return false;
  away_ = true;
  const double ours = static_cast<double>(count_.charged().size() + count_.in_flight() + held());
  // All members together take half of what was free; each takes at most one if that was long ago.
  double part = std::floor(std::max(0.0, free_) / (2.0 * static_cast<double>(members_)));
  if (between(now, answered_at_) >= free_for) part = std::min(part, 1.0);
  share_.begin(now, terms_.rate.window(), ours + part);
  drop_held();
  return true;
}

void lease_book::lose(time_point now) noexcept {
  lost_ = true;
  if (go_away(now)) ++fallbacks_;
}

void lease_book::come_back(time_point now) noexcept {
  if (!away_) return;
  away_ = lost_ = false;
  used_own_share_ = false;
  speak_by(now);  // our claimed slots are free again
}

// --- permits that come back ---

bool lease_book::on_reply(time_point now, const core::outstanding_permit& p, time_point sent_at,
                          permit_use use, std::optional<duration> retry_after) noexcept {
  const double limit = count_.limit();
  const bool ended = count_.on_reply(now, p, sent_at, use, retry_after);
  if (use == permit_use::rate_limited && count_.pause().paused()) {
    if (!heard_ || heard_->granted_at < p.granted_at) heard_ = {{}, p.granted_at};
    heard_->pause_until = count_.pause().until();
    drop_held();
    news(now);
  } else if (p.probes_pause) {
    (use == permit_use::admitted ? probe_succeeded_ : probe_undone_) = true;
    news(now);
  }
  if (count_.limit() < limit) proposes_ = true;
  return ended;
}

void lease_book::give_back(time_point now, const core::outstanding_permit& p) noexcept {
  count_.give_back(now, p);
  if (!p.probes_pause) return;
  probe_undone_ = true;
  drop_held();
  news(now);
}

void lease_book::news(time_point now) noexcept {
  ++news_;
  ask_for_logins_ = ask_for_background_ = now;
  speak_by(now);
}

bool lease_book::forgettable(time_point now) const noexcept {
  return !out_ && believed_held_ == 0 && uses_.untold() + uses_.to_come() == 0 && count_.forgettable(now);
}

void lease_book::leave_store(time_point now) noexcept {
  if (leaving_) return;
  leaving_ = true;
  left_ = seq_ == 0;
  leave_by_ = add(now, terms_.lease);
  drop_held();
  not_before_ = {};
  speak_by(now);
}

// --- commands ---

std::size_t lease_book::most_spares() const noexcept {
  const double there = std::max(0.0, free_) + static_cast<double>(for_logins_);
  return static_cast<std::size_t>(there / (2.0 * static_cast<double>(members_)));
}

/// The target shrinks to zero as the quota is used up.
std::size_t lease_book::spare_target(time_point now) const noexcept {
  if (!terms_.standing || leaving_) return 0;
  // Before the first answer, the store decides what it can spare.
  return ever_ ? std::min(expected_.spares(now), most_spares()) : expected_.spares(now);
}

time_point lease_book::due(time_point now) const noexcept {
  if (out_ || left_) return never;
  const std::size_t logins = count_.wanted(priority::interactive, now);
  const std::size_t background = count_.wanted(priority::background, now);
  const duration half = duration{terms_.lease} / 2;
  time_point when = speak_by_;
  if (seq_ > 0 && (terms_.standing || unreturned() > 0))
    when = std::min(when, add(said_at_, believed_held_ > 0 ? half : duration{idle_word}));
  if (logins > held()) when = std::min(when, ask_for_logins_);
  if (background > for_background_) when = std::min(when, ask_for_background_);
  if (!away_ && ever_ && logins == 0 && for_logins_ * 2 < spare_target(now) &&
      free_ > 2.0 * static_cast<double>(members_))
    when = std::min(when, add(said_at_, 2 * step_of(terms_.rate.window())));
  if (leaving_) return std::max(speak_by_, not_before_);
  const core::pause_gate& pause = count_.pause();
  if (pause.paused() && pause.until() > now && !has_news())
    when = std::max(when, std::min(pause.until(), add(said_at_, half)));
  return std::max(when, not_before_);
}

store_call lease_book::make_call(time_point now, bool calm) {
  count_.refresh(now);
  if (seq_ > 0 && unreturned() == 0 && between(now, said_at_) >= forgotten_after) {
    uses_.begin_anew();
    rename();
  }
  const std::size_t logins = leaving_ ? 0 : count_.wanted(priority::interactive, now);
  const std::size_t background = leaving_ ? 0 : count_.wanted(priority::background, now);
  store_call call;
  call.epoch_seen = epoch_;
  core::splitmix random = random_;
  call.spare_epoch = name_of(random.next());
  say(now, call);
  call.calm = calm;

  // From here on nothing throws. Permits that won't be used soon go back.
  random_ = random;
  for_background_ = std::min(for_background_, background);
  for_logins_ = std::min(for_logins_, logins + spare_target(now));
  const std::size_t more = logins > held() ? logins - held() : 0;
  const std::size_t spare = for_logins_ > logins ? for_logins_ - logins : 0;
  const std::size_t target = spare_target(now);
  call.want_logins = more;
  call.want_background = background > for_background_ ? background - for_background_ : 0;
  call.want_spare = !leaving_ && target > spare ? target - spare : 0;
  call.held = held() + count_.in_flight() + uses_.to_come() + claimed(now);
  call.seq = ++seq_;
  out_ = command{now,
                 call.held,
                 uses_.untold(),
                 logins_,
                 more,
                 static_cast<std::size_t>(call.want_background),
                 news_,
                 call.learned.has_value(),
                 leaving_};
  said_at_ = now;
  speak_by_ = never;
  return call;
}

/// Fills in all that doesn't depend on what is wanted.
void lease_book::say(time_point now, store_call& call) const {
  call.member = name_of(member_);
  call.revision_seen = revision_;
  call.quota = terms_.rate.requests();
  call.window = terms_.rate.window();
  uses_.write(now, call);
  call.logins_sent = logins_;
  call.lease = terms_.lease + terms_.flight;
  call.used_own_share = (used_own_share_ || (away_ && ever_)) && !recovering_;
  call.bye = leaving_;
  call.probe_succeeded = probe_succeeded_;
  call.probe_undone = probe_undone_;
  if (heard_ && heard_->pause_until > now) {
    call.retry_after = until(heard_->pause_until, now);
    call.refused_grant_age = since(heard_->granted_at, now);
  }
  const bool grown = may_grow() && count_.limit() > 1.002 * limit_;
  if (!proposes_ && !grown) return;
  call.learned = count_.limit();
  call.learned_seen = learned_revision_;
}

bool lease_book::on_answer(time_point now, const store_answer& a) noexcept {
  if (!out_) return false;
  if (a.epoch.size() > longest_epoch) return on_failure(now), false;
  const command c = *out_;
  out_.reset();
  count_.refresh(now);
  if (c.bye) {
    left_ = true;
    return false;
  }
  using status = store_answer::status;
  switch (a.what) {
    case status::ok:
      on_ok(now, c, a);
      break;
    case status::lost:
    case status::gone:
    case status::stale:
      on_unknown(now, a);
      break;
    case status::version:
    case status::window:
      on_foreign(now, foreign_backoff);
      break;
    case status::full:
      rename();
      on_foreign(now, a.ask_again.value_or(foreign_backoff));
      break;
  }
  count_.refresh(now);
  return true;
}

void lease_book::on_ok(time_point now, const command& c, const store_answer& a) noexcept {
  if (!ever_ && away_)
    share_.begin(now, terms_.rate.window(),
                 static_cast<double>(count_.charged().size() + count_.in_flight()));
  ever_ = true;
  backoff_ = {};
  not_before_ = {};
  answered_at_ = now;
  round_trip_ +=
      (std::clamp<duration>(between(now, c.sent_at), {}, std::chrono::seconds{1}) - round_trip_) / 8;
  epoch_ = a.epoch;
  revision_ = a.revision;
  const bool whole = a.now != store_answer::mode::recover;
  // A state that may be incomplete doesn't know all members yet, each of which goes on with a part.
  members_ = std::max<std::size_t>(whole ? 1 : members_, static_cast<std::size_t>(a.members));
  limit_ = std::clamp(a.limit, 1.0, static_cast<double>(terms_.rate.requests()));
  counted_ = static_cast<double>(a.counted);
  free_ = static_cast<double>(a.free);
  uses_.confirm(c.uses);
  logins_ -= std::min(logins_, c.logins);
  lease_end_ = add(c.sent_at, terms_.lease);
  believed_held_ = c.held + a.logins + a.background;
  learn(c, a);

  const duration ask = std::max<duration>(a.ask_again.value_or(milliseconds{0}), least_wait);
  const bool all_logins = whole && a.logins >= c.want_logins && a.now == store_answer::mode::open;
  const bool all_background = whole && a.background >= c.want_background && a.now == store_answer::mode::open;
  ask_for_logins_ = all_logins ? now : add(now, ask);
  ask_for_background_ = all_background ? now : add(now, ask);
  recovering_ = !whole;
  if (!whole) {
    if (!away_) free_ = 0;  // permits that an incomplete state calls free may not be free
    go_away(now);
    speak_by(add(now, ask));
  } else {
    come_back(now);
  }
  if (c.news != news_) return speak_by(now);  // sent before the latest news: what it granted goes back
  heard_.reset();
  probe_succeeded_ = probe_undone_ = false;
  if (!away_) {
    // At most the limit: an answer may be wrong, and permits cost memory.
    for_logins_ += std::min<std::uint64_t>(a.logins, limit_);
    for_background_ += std::min<std::uint64_t>(a.background, limit_);
  }
  obey_pause(now, a, ask);
}

void lease_book::obey_pause(time_point now, const store_answer& a, duration ask) noexcept {
  core::pause_gate& pause = count_.pause();
  switch (a.now) {
    case store_answer::mode::pause:
      pause.join_pause(now, add(now, std::max<duration>(a.pause_left, least_wait)));
      drop_held();
      break;
    case store_answer::mode::probing:
      pause.join_pause(now, add(now, ask));
      drop_held();
      break;
    case store_answer::mode::probe:
      pause.join_probe(now);
      break;
    case store_answer::mode::open:
      pause.join_release(now);
      break;
    case store_answer::mode::recover:
      break;
  }
}

void lease_book::learn(const command& c, const store_answer& a) noexcept {
  learned_revision_ = a.learned_revision;
  grows_ = a.grows;
  if (c.proposed && c.news == news_) proposes_ = false;
  if (!proposes_ && !(grows_ && count_.limit() > limit_)) count_.adopt_limit(limit_);
}

/// The store has another state than the one we knew, or doesn't know us: we report everything that we know,
/// under a new name. Until the state is complete again we go on with what is surely ours, such as permits
/// that the old state gave.
void lease_book::on_unknown(time_point now, const store_answer& a) noexcept {
  backoff_ = {};
  not_before_ = {};
  answered_at_ = now;
  if (a.what == store_answer::status::lost) {
    go_away(now);
    recovering_ = true;
    used_own_share_ = true;
    uses_.begin_anew(now, count_.charged());
  } else {  // what we held was charged already
    drop_held();
    uses_.begin_anew();
  }
  rename();
  epoch_ = a.epoch;
  revision_ = a.revision;
  speak_by(now);
}

void lease_book::rename() noexcept {
  member_ = random_.next();
  seq_ = 0;
  believed_held_ = 0;
}

void lease_book::on_foreign(time_point now, duration again) noexcept {
  lose(now);
  backoff_ = longest_backoff;
  not_before_ = add(now, again);
  speak_by(not_before_);
}

void lease_book::on_failure(time_point now) noexcept {
  if (!out_) return;
  left_ = leaving_ && now >= leave_by_;
  if (backoff_ == duration{}) silent_since_ = out_->sent_at;
  out_.reset();
  backoff_ = std::clamp<duration>(2 * backoff_, first_backoff, longest_backoff);
  not_before_ = add(now, core::whole(std::chrono::duration<double>(backoff_) * (0.5 + random_.unit())));
  speak_by(not_before_);
  count_.refresh(now);
}

/// All members notice the store's return at the same moment, so each waits a little.
void lease_book::on_store_back(time_point now) noexcept {
  if (out_ || !(backoff_ > duration{})) return;
  not_before_ =
      std::min(not_before_, add(now, core::whole(std::chrono::duration<double>(0.05 * random_.unit()))));
  speak_by(not_before_);
}

}  // namespace ephemint::inline v0::redis
