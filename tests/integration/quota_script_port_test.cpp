// The script's port has the same state and the same answers as the script, in a long random run: with lost
// and repeated commands, members that die, a store that loses its data or comes back older, clocks that jump.
#include "support/quota_script_port.hpp"

#include "core/random.hpp"
#include "support/quota_script_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using redis::milliseconds;
using redis::store_answer;
using redis::store_call;
using status = store_answer::status;

/// As text, so that a difference is readable.
std::string said(const store_answer& a) {
  const auto ms = [](milliseconds m) { return std::to_string(m.count()); };
  std::string text = "status " + std::to_string(static_cast<int>(a.what)) + " epoch " + a.epoch + " rev " +
                     std::to_string(a.revision) + " members " + std::to_string(a.members) + " limit " +
                     std::to_string(a.limit) + " counted " + std::to_string(a.counted) + " free " +
                     std::to_string(a.free) + " logins " + std::to_string(a.logins) + " background " +
                     std::to_string(a.background);
  text += " ask " + (a.ask_again ? ms(*a.ask_again) : std::string{"-"}) + " pause " + ms(a.pause_left) +
          " mode " + std::to_string(static_cast<int>(a.now)) + " theirs " + std::to_string(a.theirs);
  return text + " learned " + std::to_string(a.learned_revision) + " grows " + std::to_string(a.grows) +
         " key " + std::to_string(a.key_refused) + " " + std::to_string(a.key_revision) + " " +
         std::to_string(a.key_probe) + " " + ms(a.key_refused_for) + " " + ms(a.key_retry);
}

/// A member that sends random commands, but keeps its books.
struct member {
  std::string name;
  std::uint64_t seq = 0, revision = 0, held = 0, confirmed = 0, learned = 0, key_revision = 0;
  std::string epoch{};
  std::vector<std::int64_t> uses{};  // dates
  store_call last{};
};

class random_life {
 public:
  random_life(std::uint64_t seed, milliseconds window, std::uint64_t quota)
      : random_{seed}, window_{window}, quota_{quota} {
    const std::size_t count = 1 + below(14);
    for (std::size_t i = 0; i < count; ++i) members_.push_back({.name = name()});
  }

  void step() {
    pass_time();
    if (chance(0.002)) lose_data();
    if (chance(0.003)) older_ = {store_.fields(key_), port_, now_};
    if (chance(0.002) && !older_.fields.empty()) come_back_older();
    if (chance(0.003)) version_of_another_build();
    member& m = members_[below(members_.size())];
    if (chance(0.005)) m = {.name = name()};  // it died, and another came
    const bool repeated = m.seq > 0 && chance(0.03);
    const store_call call = repeated ? m.last : next(m);
    const store_answer answer = both(call);
    if (::testing::Test::HasFailure()) return;
    if (repeated || chance(0.04)) return;  // the reply was lost
    hear(m, call, answer);
  }

  const std::map<status, int>& statuses() const noexcept { return statuses_; }
  const std::map<store_answer::mode, int>& modes() const noexcept { return modes_; }
  std::uint64_t granted() const noexcept { return granted_; }

 private:
  struct copy {
    std::map<std::string, std::string> fields;
    quota_script_port port;
    std::int64_t at = 0;
  };

  std::uint64_t below(std::uint64_t n) { return random_.next() % n; }
  bool chance(double p) { return random_.unit() < p; }
  std::string name() { return "m" + std::to_string(random_.next() % 1'000'000'000'000'000u); }

  void pass_time() {
    const std::int64_t window = window_.count();
    if (chance(0.4))
      now_ += static_cast<std::int64_t>(below(4));
    else if (chance(0.9))
      now_ += static_cast<std::int64_t>(below(static_cast<std::uint64_t>(window) / 100 + 2));
    else if (chance(0.8))
      now_ += static_cast<std::int64_t>(below(static_cast<std::uint64_t>(window) / 4 + 2));
    else if (chance(0.5))
      now_ += static_cast<std::int64_t>(below(3 * static_cast<std::uint64_t>(window) + 80'000));
    else
      now_ -= static_cast<std::int64_t>(below(chance(0.5) ? 1500 : 20'000));
  }

  void lose_data() {
    store_.forget(key_);
    port_.flush();
  }

  void come_back_older() {
    store_.set_fields(key_, older_.fields);
    port_ = older_.port;
  }

  void version_of_another_build() {
    quota_script_state* state = port_.find(now_, key_);
    if (state == nullptr) return;
    store_.server().ask({"HSET", key_, "v", "2"});
    state->set_version(2);
    both(next(members_.front()));
    store_.server().ask({"HSET", key_, "v", "1"});
    state->set_version(1);
  }

  store_call next(member& m) {
    store_call c;
    c.member = m.name;
    c.seq = ++m.seq;
    c.epoch_seen = m.epoch;
    c.revision_seen = m.revision;
    c.spare_epoch = "e" + std::to_string(random_.next());
    c.quota = chance(0.05) ? 1 + below(quota_) : quota_;
    c.window = chance(0.005) ? window_ + milliseconds{1} : window_;
    const std::uint64_t used = std::min<std::uint64_t>(m.held, below(4) * below(m.held + 1) / 2);
    for (std::uint64_t i = 0; i < used; ++i)
      m.uses.push_back(now_ - static_cast<std::int64_t>(below(chance(0.05) ? 2000 : 40)));
    m.held -= used;
    if (chance(0.01)) m.uses.insert(m.uses.end(), below(3 * quota_ + 1), now_ - 7);  // of its own share
    c.held = chance(0.01) ? 1'000'000'000'000'000 : m.held;
    c.confirmed = m.confirmed;
    for (const std::int64_t date : m.uses) c.uses.push_back({milliseconds{now_ - date}, 1});
    if (chance(0.02)) c.uses.push_back({milliseconds{5}, 0});
    if (chance(0.5)) c.want_logins = below(chance(0.2) ? quota_ + 3 : 4);
    if (chance(0.4)) c.want_background = below(chance(0.2) ? quota_ + 3 : 9);
    if (chance(0.3)) c.want_spare = below(6);
    c.logins_sent = chance(0.5) ? below(5) : 0;
    c.lease = milliseconds{3000 + static_cast<std::int64_t>(below(5000))};
    c.calm = chance(0.7);
    c.used_own_share = chance(0.02);
    c.bye = chance(0.01);
    c.probe_succeeded = chance(0.03);
    c.probe_undone = chance(0.02);
    if (chance(0.01)) c.retry_after = milliseconds{below(4000)};
    if (chance(0.7)) c.refused_grant_age = milliseconds{below(3000)};
    if (chance(0.04)) c.learned = random_.unit() * 1.2 * static_cast<double>(quota_);
    c.learned_seen = chance(0.9) ? m.learned : below(5);
    if (chance(0.7)) c.key_tag = "00000000deadbee" + std::to_string(chance(0.8) ? 1 : below(7));
    if (chance(0.1)) c.key = static_cast<store_call::key_word>(below(4));
    c.key_seen = chance(0.9) ? m.key_revision : below(5);
    c.key_probe = chance(0.3);
    m.last = c;
    return c;
  }

  store_answer both(const store_call& call) {
    if (port_.find(now_, key_) == nullptr) store_.forget(key_);  // its time to live is the server's, not ours
    const store_answer expected = port_.evaluate(now_, key_, call);
    const store_answer answer = store_.evaluate(now_, key_, call);
    EXPECT_EQ(said(answer), said(expected));
    EXPECT_EQ(store_.fields(key_), port_.find(now_, key_)->fields());
    ++statuses_[answer.what];
    if (answer.what == status::ok) ++modes_[answer.now];
    return answer;
  }

  void hear(member& m, const store_call& call, const store_answer& answer) {
    m.epoch = answer.epoch;
    m.revision = answer.revision;
    if (answer.what == status::lost || answer.what == status::gone || call.bye) {
      m = {.name = name(), .revision = m.revision, .epoch = m.epoch, .uses = m.uses};
      return;
    }
    if (answer.what != status::ok) {
      m.epoch.clear();
      return;
    }
    granted_ += answer.logins + answer.background;
    m.confirmed += m.uses.size();
    m.uses.clear();
    m.held += answer.logins + answer.background;
    m.learned = answer.learned_revision;
    m.key_revision = answer.key_revision;
  }

  core::splitmix random_;
  milliseconds window_;
  std::uint64_t quota_;
  std::string key_ = "ephemint:{0}:q";
  std::int64_t now_ = 1'800'000'000'000;
  std::vector<member> members_;
  copy older_;
  quota_script_store store_;
  quota_script_port port_;
  std::map<status, int> statuses_;
  std::map<store_answer::mode, int> modes_;
  std::uint64_t granted_ = 0;
};

TEST(quota_script_port, does_what_the_script_does) {
  EPHEMINT_SKIP_WITHOUT_REDIS();
  struct world {
    milliseconds window;
    std::uint64_t quota;
  };
  std::map<status, int> statuses;
  std::map<store_answer::mode, int> modes;
  std::uint64_t seed = 1, granted = 0;
  for (const world w :
       {world{milliseconds{60'000}, 200}, world{milliseconds{60'000}, 6000}, world{milliseconds{2000}, 20},
        world{milliseconds{300}, 3}, world{milliseconds{3'600'000}, 50}, world{milliseconds{6000}, 1}}) {
    random_life life{seed++, w.window, w.quota};
    for (int i = 0; i < 2500; ++i) {
      life.step();
      ASSERT_FALSE(HasFailure()) << "call " << i << " of the quota " << w.quota << "/" << w.window.count();
    }
    granted += life.granted();
    for (const auto& [what, count] : life.statuses()) statuses[what] += count;
    for (const auto& [what, count] : life.modes()) modes[what] += count;
  }
  EXPECT_GT(granted, 1000u);
  // The run was complete: the script gave every kind of answer.
  for (const status s :
       {status::ok, status::lost, status::gone, status::stale, status::version, status::window})
    EXPECT_GE(statuses[s], 10) << static_cast<int>(s);
  for (int m = 0; m < 5; ++m) EXPECT_GE(modes[static_cast<store_answer::mode>(m)], 10) << m;
}

}  // namespace
}  // namespace ephemint::test
