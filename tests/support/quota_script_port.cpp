#include "support/quota_script_port.hpp"

#include "codec/script_text.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace ephemint::test {

using redis::store_answer;
using redis::store_call;
using status = store_answer::status;
using mode = store_answer::mode;

namespace {

constexpr std::int64_t recovery = 1500, probe_time = 3000, idle_lease = 30'000, longest_pause = 300'000;
constexpr std::int64_t much = 1'000'000'000;
constexpr std::size_t most_members = 2000, most_keys = 4;

std::int64_t whole(std::uint64_t count, std::int64_t most) {
  return count > static_cast<std::uint64_t>(most) ? most : static_cast<std::int64_t>(count);
}

std::int64_t whole(redis::milliseconds span, std::int64_t most) {
  return std::clamp<std::int64_t>(span.count(), 0, most);
}

std::int64_t rounded(double x) { return static_cast<std::int64_t>(std::floor(x + 0.5)); }

}  // namespace

quota_script_state::quota_script_state(std::int64_t now, const store_call& call)
    : window_{whole(call.window, 600'000'000)}, epoch_{call.spare_epoch}, now_{now}, log_{window_} {}

store_answer quota_script_state::brief(status what) const {
  store_answer answer;
  answer.what = what;
  answer.epoch = epoch_;
  answer.revision = static_cast<std::uint64_t>(rev_);
  return answer;
}

store_answer quota_script_state::evaluate(std::int64_t time, const store_call& call) {
  store_answer answer;
  if (version_ != 1) {
    answer.what = status::version;
    answer.theirs = version_;
    return answer;
  }
  const bool stepped_back = now_ - time > 2000;
  if (stepped_back) *this = quota_script_state{time, call};
  if (window_ != whole(call.window, 600'000'000)) {
    answer.what = status::window;
    answer.theirs = static_cast<std::uint64_t>(window_);
    return answer;
  }
  const bool fresh = !std::exchange(begun_, true);
  now_ = std::max(time, now_);
  pace_ = std::min(pace_, (now_ + window_) * 1000);
  log_.advance(now_);

  const bool same = call.epoch_seen == epoch_;
  if (!call.epoch_seen.empty() && (!same || call.revision_seen > static_cast<std::uint64_t>(rev_))) {
    if (same) epoch_ = call.spare_epoch;
    if (recover_ < now_) recover_ = now_ + recovery;
    ++rev_;
    return brief(status::lost);
  }
  if (stepped_back || (fresh && !call.calm)) recover_ = now_ + recovery;
  if (call.used_own_share && now_ > recovered_) {
    recover_ = now_ + recovery;
    recovered_ = now_ + 5000;
  }

  if (now_ >= check_) look_through();
  const auto found = members_.find(call.member);
  const std::int64_t seq = whole(call.seq, 10'000'000'000'000);
  if (found == members_.end() && seq != 1) return brief(status::gone);
  if (found != members_.end() && seq <= found->second.seq) return brief(status::stale);
  if (found == members_.end() && members_.size() >= most_members) {
    answer = brief(status::full);
    answer.ask_again = redis::milliseconds{10'000};
    return answer;
  }
  join(call);
  learn(call);
  hear_refusal(call);
  hear_of_key(call, answer);

  turn t;
  report_uses(call, t);
  take_place(t);
  grant(t, call.bye);
  const std::int64_t free_before_leaving = free(t);
  keep(call, t);

  answer.epoch = epoch_;
  answer.revision = static_cast<std::uint64_t>(rev_);
  answer.members = members_.size();
  answer.limit = static_cast<double>(t.limit);
  answer.counted = static_cast<std::uint64_t>(log_.counted());
  answer.free = free_before_leaving - t.given.logins - t.given.background;
  answer.logins = static_cast<std::uint64_t>(t.given.logins);
  answer.background = static_cast<std::uint64_t>(t.given.background);
  if (t.given.ask >= 0) answer.ask_again = redis::milliseconds{t.given.ask};
  answer.pause_left = redis::milliseconds{std::max<std::int64_t>(0, pause_ - now_)};
  answer.now = t.given.mode;
  answer.learned_revision = static_cast<std::uint64_t>(learned_rev_);
  answer.grows = first_ == call.member;
  return answer;
}

/// As in the script: finds overdue members, and computes all sums anew.
void quota_script_state::look_through() {
  held_ = quota_ = 0;
  first_.clear();
  check_ = now_ + idle_lease;
  log_.tidy(now_);
  for (auto m = members_.begin(); m != members_.end();) {
    const member& of = m->second;
    if (of.expires <= now_) {
      log_.add(of.expires, std::min(of.held, of.quota));
      m = members_.erase(m);
      continue;
    }
    held_ += of.held;
    quota_ = quota_ == 0 ? of.quota : std::min(quota_, of.quota);
    if (first_.empty() || m->first < first_) first_ = m->first;
    check_ = std::min(check_, of.expires);
    ++m;
  }
}

void quota_script_state::join(const store_call& call) {
  const std::int64_t quota = whole(call.quota, much);
  const auto [at, is_new] = members_.try_emplace(call.member);
  my_name_ = &at->first;
  me_ = &at->second;
  if (is_new) {
    me_->used = whole(call.confirmed, 10'000'000'000'000);
    me_->quota = quota;
    if (members_.size() == 1 || call.member < first_) first_ = call.member;
  }
  if (me_->quota != quota) check_ = 0;
  quota_ = members_.size() == 1 || quota_ == 0 ? quota : std::min(quota_, quota);
}

std::int64_t quota_script_state::limit() const noexcept {
  const std::int64_t most = 1000 * quota_;
  return std::min(most, learned_ > 0 ? learned_ : most) / 1000;
}

void quota_script_state::learn(const store_call& call) {
  if (!call.learned || !(*call.learned >= 0)) return;
  if (whole(call.learned_seen, 10'000'000'000'000) != learned_rev_) return;
  const std::int64_t most = 1000 * quota_, current = learned_ > 0 ? learned_ : most;
  std::int64_t proposal = std::llround(std::min(*call.learned, 1e9) * 1000);
  if (proposal >= current && first_ != call.member) return;
  proposal = std::max<std::int64_t>(1000, proposal);
  if (proposal >= most) proposal = 0;
  if (proposal == learned_) return;
  learned_ = proposal;
  ++learned_rev_;
}

void quota_script_state::hear_refusal(const store_call& call) {
  if (call.probe_succeeded)
    probe_ = 0;
  else if (call.probe_undone && probe_ > 0)
    probe_ = -1;
  if (!call.retry_after) return;
  const std::int64_t until = now_ + whole(*call.retry_after, longest_pause);
  const std::int64_t granted =
      now_ - (call.refused_grant_age ? whole(*call.refused_grant_age, 10'000'000'000'000) : 0);
  if (granted > pause_at_) {
    pause_ = std::max(pause_, until);
    pause_at_ = now_;
    probe_ = -1;
  } else if (now_ < pause_ || probe_ != 0) {
    pause_ = std::max(pause_, until);
  }
}

quota_script_state::refused_key* quota_script_state::find_key(const std::string& tag) {
  for (refused_key& k : keys_)
    if (k.tag == tag) return &k;
  return nullptr;
}

void quota_script_state::hear_of_key(const store_call& call, store_answer& answer) {
  if (call.key_tag.empty()) return;
  refused_key* key = find_key(call.key_tag);
  const std::int64_t revision = key == nullptr ? 0 : key->revision;
  if (call.key == store_call::key_word::refused && whole(call.key_seen, 10'000'000'000'000) == revision) {
    if (key == nullptr) {
      while (keys_.size() >= most_keys) keys_.erase(keys_.begin());
      key = &keys_.emplace_back();
      key->tag = call.key_tag;
    }
    key->attempts = key->since > 0 ? std::min<std::int64_t>(key->attempts + 1, 99) : 0;
    if (key->since == 0) key->since = now_;
    key->until = now_ + (key->attempts < 3 ? 1000 : 5000);
    key->attempt = 0;
    ++key->revision;
  } else if (call.key == store_call::key_word::minted && key != nullptr && key->since > 0) {
    *key = {.tag = key->tag, .revision = key->revision + 1};
  } else if (call.key == store_call::key_word::undone && key != nullptr) {
    key->attempt = 0;
  }
  if (key == nullptr) return;
  answer.key_revision = static_cast<std::uint64_t>(key->revision);
  if (key->since == 0) return;
  answer.key_refused = true;
  answer.key_refused_for = redis::milliseconds{now_ - key->since};
  answer.key_probe = call.key_probe && now_ >= key->until && now_ >= key->attempt;
  if (answer.key_probe)
    key->attempt = now_ + probe_time;
  else
    answer.key_retry =
        redis::milliseconds{std::max({std::int64_t{1}, key->until - now_, key->attempt - now_})};
}

void quota_script_state::report_uses(const store_call& call, turn& t) {
  t.limit = limit();
  t.step = std::clamp<std::int64_t>(window_ / 600, 5, 250);
  t.want = {whole(call.want_logins, 10'000'000), whole(call.want_background, 10'000'000),
            whole(call.want_spare, 10'000'000)};
  const std::int64_t quota = whole(call.quota, much);
  std::int64_t skip = std::max<std::int64_t>(0, me_->used - whole(call.confirmed, 10'000'000'000'000));
  const std::int64_t held_before = me_->held;
  for (const redis::dated_uses& u : redis::uses_to_report(call)) {
    const std::int64_t said = whole(u.count, much), count = said - std::min(said, skip);
    skip -= said - count;
    me_->used += count;
    log_.add(now_ - whole(u.age, much), std::min(count, quota));
  }
  t.held = std::min(whole(call.held, much), quota);
  t.others_hold = std::max<std::int64_t>(0, held_ - held_before);
  const auto sent = static_cast<double>(whole(call.logins_sent, much));
  const auto passed = static_cast<double>(std::max<std::int64_t>(0, now_ - logins_at_));
  t.logins = static_cast<double>(logins_) / 1e6 * std::exp(-passed / 30000) + sent;
  logins_at_ = now_;
  t.pace = static_cast<double>(pace_) / 1000 +
           sent * 0.97 * static_cast<double>(window_) / static_cast<double>(t.limit);
}

void quota_script_state::take_place(turn& t) {
  const auto since = [this](std::int64_t want, std::int64_t before) {
    if (want == 0) return std::int64_t{0};
    return before > 0 ? before : now_;
  };
  logins_line_.take_out(*my_name_);
  background_line_.take_out(*my_name_);
  logins_line_.drop_absent(now_);
  background_line_.drop_absent(now_);
  t.logins_since = since(t.want.logins, me_->logins_since);
  t.background_since = since(t.want.background, me_->background_since);
  t.logins_before = logins_line_.place(t.logins_since);
  t.background_before = background_line_.place(t.background_since);
}

std::int64_t quota_script_state::free(const turn& t) const noexcept {
  return t.limit - log_.counted() - t.others_hold - t.held;
}

void quota_script_state::grant(turn& t, bool bye) {
  const std::int64_t before = t.want.logins > 0 ? t.logins_before : t.background_before;
  const bool waits = t.want.logins + t.want.background > 0;
  if (now_ < pause_) {
    t.given = {.ask = pause_ - now_ + 1 + before, .mode = mode::pause};
  } else if (now_ < recover_) {
    t.given = {.ask = std::min(200 + before, recover_ - now_ + 1), .mode = mode::recover};
  } else if (probe_ > now_) {
    t.given = {.ask = std::min(100 + before, probe_ - now_ + 1), .mode = mode::probing};
  } else if (probe_ != 0 && waits && !bye) {
    probe_ = now_ + probe_time;
    t.given = {.logins = t.want.logins > 0, .background = t.want.logins == 0, .mode = mode::probe};
  } else if ((waits || t.want.spare > 0) && !bye) {
    give(t);
  }
}

void quota_script_state::give(turn& t) {
  const std::int64_t free = this->free(t);
  std::int64_t pool = free, gate = 0;
  double apart = 0;
  const auto limit = static_cast<double>(t.limit);
  const bool few = free > 0 && static_cast<double>(free) < limit / 10;
  const std::int64_t reopens = few && log_.counted() > 0 ? now_ + log_.leaves(1, now_, t.step) : now_;
  const double shut = std::min(static_cast<double>(reopens - now_), static_cast<double>(window_) / 12);
  const double likely = t.logins / 30000 * std::max(150.0, shut);
  const double reserve = likely < 0.02 ? 0 : std::min(likely + 2 * std::sqrt(likely), limit / 2);
  if (few && static_cast<double>(free) > std::ceil(reserve)) {
    if (static_cast<double>(reopens - now_) > static_cast<double>(window_) / 12) {
      const double opens =
          static_cast<double>(last_) + static_cast<double>(reopens - last_) / static_cast<double>(free + 1);
      gate =
          std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(opens - static_cast<double>(now_))));
      apart = static_cast<double>(reopens - now_) / static_cast<double>(free + 1);
      pool = gate > 0 ? 0 : 1;
    }
  }

  grants& g = t.given;
  if (t.want.logins > 0) {
    const std::int64_t waiting = static_cast<std::int64_t>(logins_line_.size());
    if (pool > t.logins_before) {
      g.logins =
          std::min({t.want.logins, pool - t.logins_before, std::max<std::int64_t>(1, pool / (waiting + 1))});
      t.logins_since = now_;
    } else {
      g.ask = apart > 0 ? static_cast<std::int64_t>(std::ceil(static_cast<double>(gate) +
                                                              static_cast<double>(t.logins_before) * apart))
                        : log_.leaves(t.logins_before - free + 1, now_, t.step);
    }
  }
  const std::int64_t rest = free - g.logins - logins_line_.wanted();
  if (t.want.spare > 0 && rest > 0 && gate == 0)
    g.logins += std::min(t.want.spare, rest / (2 * static_cast<std::int64_t>(members_.size())));
  give_background(t, reserve);
  if (g.logins + g.background > 0) last_ = now_;
  if (g.logins < t.want.logins || g.background < t.want.background) g.ask = std::max(g.ask, t.step);
}

void quota_script_state::give_background(turn& t, double reserve) {
  grants& g = t.given;
  const double every = 0.97 * static_cast<double>(window_) / static_cast<double>(t.limit);
  const auto now = static_cast<double>(now_);
  t.pace = std::max(t.pace, now - std::max(1.5 * every, static_cast<double>(3 * t.step) + every));
  if (t.want.background == 0) return;
  const auto left = [&] {
    return static_cast<std::int64_t>(
        std::floor(static_cast<double>(free(t) - g.logins - g.background - logins_line_.wanted()) - reserve));
  };
  const std::int64_t room = left();
  const std::int64_t there = std::min(room, static_cast<std::int64_t>(std::floor((now - t.pace) / every)));
  const std::int64_t waiting = static_cast<std::int64_t>(background_line_.size());
  std::int64_t ahead = t.background_before;
  if (there > ahead) {
    g.background =
        std::min({t.want.background, there - ahead, std::max<std::int64_t>(1, there / (waiting + 1))});
    t.pace += static_cast<double>(g.background) * every;
    t.background_since = now_;
    ahead = waiting;
  }
  if (g.background == t.want.background) return;
  std::int64_t next_turn = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::ceil(t.pace + every * static_cast<double>(ahead + 1) - now)));
  if (room - g.background <= ahead)
    next_turn = std::max(next_turn, log_.leaves(std::max<std::int64_t>(1, ahead + 1 - left()), now_, t.step));
  next_turn = std::max(next_turn, (3 * t.step + 1) / 2);
  g.ask = g.ask < 0 ? next_turn : std::min(g.ask, next_turn);
}

void quota_script_state::keep(const store_call& call, const turn& t) {
  const std::int64_t held = t.held + t.given.logins + t.given.background;
  const std::int64_t expected = now_ + std::max<std::int64_t>(0, t.given.ask) + 150;
  held_ = t.others_hold;
  ++rev_;
  pace_ = rounded(t.pace * 1000);
  logins_ = rounded(t.logins * 1e6);
  if (call.bye) {
    log_.add(now_, held);
    members_.erase(call.member);
    check_ = 0;
    return;
  }
  const std::int64_t logins = t.want.logins - t.given.logins;
  const std::int64_t background = t.want.background - t.given.background;
  if (logins > 0) logins_line_.put({*my_name_, logins, t.logins_since, expected});
  if (background > 0) background_line_.put({*my_name_, background, t.background_since, expected});
  held_ += held;
  me_->seq = whole(call.seq, 10'000'000'000'000);
  me_->held = held;
  me_->expires = now_ + (held > 0 ? whole(call.lease, 120'000) : idle_lease);
  me_->quota = whole(call.quota, much);
  me_->logins_since = logins > 0 ? t.logins_since : 0;
  me_->background_since = background > 0 ? t.background_since : 0;
  check_ = std::min(check_, me_->expires);
}

std::map<std::string, std::string> quota_script_state::fields() const {
  std::map<std::string, std::string> all{{"v", std::to_string(version_)},
                                         {"epoch", epoch_},
                                         {"first", first_},
                                         {"logins_line", logins_line_.text()},
                                         {"background_line", background_line_.text()}};
  const std::pair<const char*, std::int64_t> numbers[] = {
      {"rev", rev_},
      {"now", now_},
      {"window", window_},
      {"members", static_cast<std::int64_t>(members_.size())},
      {"held", held_},
      {"quota", quota_},
      {"check", check_},
      {"logins_due", logins_line_.due()},
      {"background_due", background_line_.due()},
      {"unmet", logins_line_.wanted()},
      {"pause", pause_},
      {"pause_at", pause_at_},
      {"probe", probe_},
      {"recover", recover_},
      {"recovered", recovered_},
      {"pace", pace_},
      {"last", last_},
      {"logins", logins_},
      {"logins_at", logins_at_},
      {"learned", learned_},
      {"learned_rev", learned_rev_},
  };
  for (const auto& [name, value] : numbers) all[name] = std::to_string(value);
  log_.write(all);
  const auto words = [](std::initializer_list<std::int64_t> values) {
    std::string text;
    for (const std::int64_t v : values) text += (text.empty() ? "" : " ") + std::to_string(v);
    return text;
  };
  for (const auto& [id, m] : members_)
    all["m:" + id] = words({m.seq, m.used, m.held, m.expires, m.quota, m.logins_since, m.background_since});
  for (const refused_key& k : keys_) {
    all["keys"] += (all["keys"].empty() ? "" : " ") + k.tag;
    all["k:" + k.tag] = words({k.revision, k.since, k.until, k.attempt, k.attempts});
  }
  std::erase_if(all, [](const auto& field) { return field.second.empty() || field.second == "0"; });
  return all;
}

quota_script_state* quota_script_port::find(std::int64_t now_ms, const std::string& key) {
  const auto found = states_.find(key);
  if (found == states_.end()) return nullptr;
  // The script renews its time to live with each call.
  if (now_ms - found->second.now() >= 2 * found->second.window() + 60'000) {
    states_.erase(found);
    return nullptr;
  }
  return &found->second;
}

store_answer quota_script_port::evaluate(std::int64_t now_ms, const std::string& key,
                                         const store_call& call) {
  quota_script_state* state = find(now_ms, key);
  if (state == nullptr) state = &states_.emplace(key, quota_script_state{now_ms, call}).first->second;
  return state->evaluate(now_ms, call);
}

}  // namespace ephemint::test
