#include "core/key/key_guard.hpp"

#include <gtest/gtest.h>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using permission = key_guard::permission;
using state = key_guard::state;

constexpr bool probe = true;
constexpr bool other = false;
constexpr time_point begin{100s};

/// Refuses three accounts, which shuts a new key's gate.
void shut(key_guard& guard, time_point at = begin) {
  for (std::uint64_t account = 1; account <= 3; ++account)
    guard.on_refused(at, other, account, guard.version());
}

/// And refuses ten probes: the gate is shut for 5 s from `begin` on.
void refuse(key_guard& guard) {
  shut(guard, begin - 9s);
  for (std::uint64_t i = 0; i < 10; ++i) {
    const time_point at = begin - 9s + i * 1s;
    ASSERT_EQ(guard.may_send(at), permission::go_as_probe);
    guard.on_refused(at, probe, 4 + i, guard.version());
  }
}

TEST(key_guard, key_that_isnt_refused_lets_everything_go) {
  key_guard guard;
  EXPECT_EQ(guard.at(begin), state::open);
  EXPECT_EQ(guard.may_send(begin), permission::go);
  EXPECT_EQ(guard.may_send(begin), permission::go);
  EXPECT_EQ(guard.not_before(begin, 80ms), begin);
  EXPECT_FALSE(guard.failing(begin, false));
}

// behaviours: R8
TEST(key_guard, shut_gate_lets_one_probe_go_and_the_others_wait) {
  key_guard guard;
  shut(guard);
  EXPECT_EQ(guard.at(begin), state::probe_due);
  EXPECT_EQ(guard.may_send(begin), permission::go_as_probe);
  EXPECT_EQ(guard.may_send(begin), permission::wait);
  EXPECT_EQ(guard.not_before(begin, 80ms), begin + 80ms);
  guard.on_minted(guard.version());
  EXPECT_EQ(guard.may_send(begin), permission::go);
}

// behaviours: R8
TEST(key_guard, shut_gate_of_a_key_that_minted_fails_logins_and_has_a_batch_wait) {
  key_guard guard;
  guard.on_minted(guard.version());
  for (std::uint64_t account = 1; account <= 64; ++account)
    guard.on_refused(begin + account * 1s, other, account, guard.version());
  const time_point now = begin + 64s;
  EXPECT_FALSE(guard.failing(now, false)) << "a probe is due";
  EXPECT_EQ(guard.may_send(now), permission::go_as_probe);
  EXPECT_EQ(guard.may_send(now), permission::wait);
  guard.on_refused(now, probe, 1, guard.version());
  EXPECT_EQ(guard.may_send(now), permission::fail_logins);
  EXPECT_TRUE(guard.failing(now, false));
  EXPECT_FALSE(guard.failing(now, true));
  EXPECT_EQ(guard.may_send(now + 1min), permission::go_as_probe);
  EXPECT_FALSE(guard.failing(now + 1min, true)) << "a minute in which nobody asked";
  guard.on_refused(now + 1min, probe, 1, guard.version());
  EXPECT_TRUE(guard.failing(now + 1min, true));
  EXPECT_EQ(guard.may_send(now + 1min), permission::fail);
}

// behaviours: R8
TEST(key_guard, refused_key_costs_a_handful_of_requests) {
  key_guard guard;
  time_point now = begin;
  int sent = 0;
  int failed = 0;
  for (int asker = 0; asker < 10'000;) {
    const permission may = guard.may_send(now);
    if (may == permission::wait) {
      ASSERT_GT(guard.not_before(now, 80ms), now);
      now = guard.not_before(now, 80ms);
    } else if (may == permission::fail_logins) {
      EXPECT_TRUE(guard.failing(now, false));
      EXPECT_FALSE(guard.failing(now, true));
      now = guard.not_before(now, 80ms);
    } else if (may == permission::fail) {
      EXPECT_TRUE(guard.failing(now, true));
      EXPECT_GT(guard.not_before(now, 80ms), now);
      ++failed;
      ++asker;
    } else {
      now += 80ms;
      guard.on_refused(now, may == permission::go_as_probe, static_cast<std::uint64_t>(asker),
                       guard.version());
      ++sent;
      ++asker;
    }
  }
  EXPECT_EQ(sent, 13);
  EXPECT_EQ(failed, 9'987);
  EXPECT_LT(now, begin + 12s);
}

TEST(key_guard, probe_that_says_nothing_is_due_again) {
  key_guard guard;
  shut(guard);
  EXPECT_EQ(guard.may_send(begin), permission::go_as_probe);
  guard.probe_undone(guard.version());
  EXPECT_EQ(guard.may_send(begin), permission::go_as_probe);
}

// behaviours: K3
TEST(key_guard, new_key_opens_the_gate) {
  key_guard guard;
  refuse(guard);
  EXPECT_EQ(guard.may_send(begin), permission::fail);
  guard.renewed();
  EXPECT_EQ(guard.version(), 2u);
  EXPECT_EQ(guard.may_send(begin), permission::go);
}

// behaviours: K1
TEST(key_guard, what_became_of_the_old_key_says_nothing_of_the_new_one) {
  key_guard guard;
  shut(guard);
  ASSERT_EQ(guard.may_send(begin), permission::go_as_probe);
  guard.renewed();
  guard.on_refused(begin, probe, 1, 1);
  for (std::uint64_t account = 1; account <= 64; ++account) guard.on_refused(begin, other, account, 1);
  EXPECT_EQ(guard.at(begin), state::open);
  shut(guard);
  ASSERT_EQ(guard.may_send(begin), permission::go_as_probe);
  guard.on_minted(1);
  guard.probe_undone(1);
  EXPECT_EQ(guard.may_send(begin), permission::wait) << "the new key's own probe is still out";
}

// behaviours: K3
TEST(key_guard, new_key_has_not_minted_whatever_the_old_one_did) {
  key_guard guard;
  guard.on_minted(guard.version());
  shut(guard);
  EXPECT_EQ(guard.at(begin), state::open);
  guard.renewed();
  shut(guard);
  EXPECT_EQ(guard.at(begin), state::probe_due);
}

TEST(key_guard, times_at_the_clocks_ends_are_survived) {
  key_guard guard;
  shut(guard, never);
  EXPECT_EQ(guard.may_send(never), permission::go_as_probe);
  EXPECT_EQ(guard.not_before(never, duration::max()), never);
  guard.on_refused(never, probe, 1, guard.version());
  EXPECT_EQ(guard.not_before(never, 80ms), never);
}

// --- shared with other processes

struct watch final : key_watch {
  void key_judged() noexcept override { ++heard; }
  int heard = 0;
};

/// The guard of a key that has minted, whose gate was shut by 64 refused accounts.
void make_fall(key_guard& g, time_point& now) {
  g.on_minted(1);
  for (std::uint64_t account = 0; account < 64; ++account)
    g.on_refused(now += std::chrono::milliseconds{200}, false, account, 1);
}

TEST(key_guard_shared, fall_is_told_once_and_each_refused_probe) {
  key_guard g;
  const auto w = std::make_shared<watch>();
  g.tell(w);
  time_point now{std::chrono::seconds{1000}};
  make_fall(g, now);
  EXPECT_EQ(w->heard, 1);
  EXPECT_TRUE(g.report().refused);
  g.on_refused(now, false, 99, 1);
  EXPECT_EQ(w->heard, 1) << "what was on its way says no more than is known";
  ASSERT_EQ(g.may_send(now), key_guard::permission::go_as_probe);
  g.on_refused(now, true, 100, 1);
  EXPECT_EQ(w->heard, 2);
  EXPECT_EQ(g.report().refusals, 1u);
}

TEST(key_guard_shared, doubt_of_a_new_key_is_its_own) {
  key_guard g;
  const auto w = std::make_shared<watch>();
  g.tell(w);
  time_point now{std::chrono::seconds{1000}};
  for (std::uint64_t account = 0; account < 5; ++account) g.on_refused(now, false, account, 1);
  EXPECT_EQ(w->heard, 0);
  EXPECT_FALSE(g.report().refused);
}

TEST(key_guard_shared, probe_waits_for_its_grant_and_asks_once) {
  key_guard g;
  g.set_by_grant(true);
  time_point now{std::chrono::seconds{1000}};
  make_fall(g, now);
  const auto w = std::make_shared<watch>();
  g.tell(w);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(g.may_send(now), key_guard::permission::wait);
  EXPECT_EQ(w->heard, 1);
  EXPECT_TRUE(g.report().asks);
  EXPECT_GT(g.not_before(now, std::chrono::milliseconds{100}), now) << "no spin";
  g.grant_probe(now + std::chrono::seconds{2}, 1);
  EXPECT_EQ(g.may_send(now), key_guard::permission::go_as_probe);
  g.probe_undone(1);
  EXPECT_EQ(g.may_send(now), key_guard::permission::go_as_probe) << "it had no permit: the grant stands";
  g.probe_undone(1);
  EXPECT_EQ(g.may_send(now + std::chrono::seconds{3}), key_guard::permission::wait) << "and runs out";
}

TEST(key_guard_shared, word_of_others_shuts_and_opens) {
  key_guard g;
  const time_point now{std::chrono::seconds{1000}};
  g.on_minted(1);
  g.adopt_refused(now, now, now + std::chrono::seconds{1}, false, 2);
  EXPECT_EQ(g.may_send(now), key_guard::permission::go) << "of another key";
  g.adopt_refused(now, now, now + std::chrono::seconds{1}, false, 1);
  EXPECT_EQ(g.may_send(now), key_guard::permission::wait) << "nobody fails before a probe was refused";
  g.adopt_refused(now, now, now + std::chrono::seconds{1}, true, 1);
  EXPECT_EQ(g.may_send(now), key_guard::permission::fail_logins);
  const time_point later = now + std::chrono::seconds{61};
  g.adopt_refused(later, now, later + std::chrono::seconds{5}, true, 1);
  EXPECT_EQ(g.may_send(later), key_guard::permission::fail);
  g.adopt_accepted(1);
  EXPECT_EQ(g.may_send(later), key_guard::permission::go);
}

TEST(key_guard_shared, mint_that_was_on_its_way_opens_what_others_shut) {
  key_guard g;
  const auto w = std::make_shared<watch>();
  const time_point now{std::chrono::seconds{1000}};
  g.on_minted(1);
  g.tell(w);
  g.adopt_refused(now, now, now + std::chrono::seconds{1}, false, 1);
  EXPECT_EQ(w->heard, 0) << "it was told, and needn't tell";
  g.on_minted(1);
  EXPECT_EQ(w->heard, 1);
  EXPECT_EQ(g.may_send(now), key_guard::permission::go);
}

TEST(key_guard_shared, asker_in_vain_goes_as_if_alone) {
  key_guard g;
  g.set_by_grant(true);
  time_point now{std::chrono::seconds{1000}};
  make_fall(g, now);
  EXPECT_EQ(g.may_send(now), key_guard::permission::wait);
  EXPECT_EQ(g.may_send(now + std::chrono::seconds{19}), key_guard::permission::wait);
  EXPECT_EQ(g.may_send(now + std::chrono::seconds{21}), key_guard::permission::go_as_probe);
}

// behaviours: R18
TEST(key_guard, key_is_called_refused_from_its_gates_fall_to_a_mint_whether_a_probe_is_due_or_not) {
  key_guard doubted;
  shut(doubted);
  EXPECT_FALSE(doubted.refused());
  key_guard guard;
  refuse(guard);
  EXPECT_TRUE(guard.refused());
  EXPECT_FALSE(guard.failing(begin + 5s, true)) << "a probe is due";
  EXPECT_TRUE(guard.refused());
  EXPECT_EQ(guard.may_send(begin + 5s), permission::go_as_probe);
  EXPECT_TRUE(guard.refused()) << "until the probe says otherwise";
  guard.on_minted(guard.version());
  EXPECT_FALSE(guard.refused());
}

}  // namespace
}  // namespace ephemint::core
