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

/// Three refused accounts: a new key's gate is shut.
void shut(key_guard& guard, time_point at = begin) {
  for (std::uint64_t account = 1; account <= 3; ++account)
    guard.on_refused(at, other, account, guard.version());
}

/// And ten refused probes: shut for 5 s from `begin` on.
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

}  // namespace
}  // namespace ephemint::core
