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

/// Three refused probes: shut for 5 s from `begin` on.
void refuse(key_guard& guard) {
  guard.on_refused(begin - 3s, other, guard.version());
  for (const time_point at : {begin - 3s, begin - 2s, begin}) {
    ASSERT_EQ(guard.may_send(at), permission::go_as_probe);
    guard.on_refused(at, probe, guard.version());
  }
}

TEST(key_guard, key_that_isnt_refused_lets_everything_go) {
  key_guard guard;
  EXPECT_EQ(guard.at(begin), state::open);
  EXPECT_EQ(guard.may_send(begin), permission::go);
  EXPECT_EQ(guard.may_send(begin), permission::go);
  EXPECT_EQ(guard.not_before(begin, 80ms), begin);
  EXPECT_FALSE(guard.failing(begin));
}

// behaviours: R8
TEST(key_guard, refusal_lets_one_probe_go_and_the_others_wait) {
  key_guard guard;
  guard.on_refused(begin, other, guard.version());
  EXPECT_EQ(guard.at(begin), state::probe_due);
  EXPECT_EQ(guard.may_send(begin), permission::go_as_probe);
  EXPECT_EQ(guard.may_send(begin), permission::wait);
  EXPECT_EQ(guard.not_before(begin, 80ms), begin + 80ms);
  guard.on_admitted(other, guard.version());
  EXPECT_EQ(guard.may_send(begin), permission::wait) << "it was sent before the refusal";
  guard.on_admitted(probe, guard.version());
  EXPECT_EQ(guard.may_send(begin), permission::go);
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
    } else if (may == permission::fail) {
      EXPECT_TRUE(guard.failing(now));
      EXPECT_GT(guard.not_before(now, 80ms), now);
      ++failed;
      ++asker;
    } else {
      now += 80ms;
      guard.on_refused(now, may == permission::go_as_probe, guard.version());
      ++sent;
      ++asker;
    }
  }
  EXPECT_EQ(sent, 4) << "the first, and three probes";
  EXPECT_EQ(failed, 9'996);
  EXPECT_LT(now, begin + 5s);
}

// behaviours: R8
TEST(key_guard, refused_account_costs_the_others_one_round_trip) {
  key_guard guard;
  guard.on_refused(begin, other, guard.version());
  EXPECT_EQ(guard.may_send(begin), permission::go_as_probe);
  guard.on_admitted(probe, guard.version());
  EXPECT_EQ(guard.at(begin), state::open);
}

TEST(key_guard, probe_that_says_nothing_is_due_again) {
  key_guard guard;
  guard.on_refused(begin, other, guard.version());
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
  guard.on_refused(begin, other, 1);
  ASSERT_EQ(guard.may_send(begin), permission::go_as_probe);
  guard.renewed();
  guard.on_refused(begin, probe, 1);
  guard.on_refused(begin, other, 1);
  EXPECT_EQ(guard.at(begin), state::open);
  guard.on_refused(begin, other, 2);
  ASSERT_EQ(guard.may_send(begin), permission::go_as_probe);
  guard.on_admitted(probe, 1);
  guard.probe_undone(1);
  EXPECT_EQ(guard.may_send(begin), permission::wait) << "the new key's own probe is still out";
}

TEST(key_guard, times_at_the_clocks_ends_are_survived) {
  key_guard guard;
  guard.on_refused(never, other, guard.version());
  EXPECT_EQ(guard.may_send(never), permission::go_as_probe);
  EXPECT_EQ(guard.not_before(never, duration::max()), never);
  guard.on_refused(never, probe, guard.version());
  EXPECT_EQ(guard.not_before(never, 80ms), never);
}

}  // namespace
}  // namespace ephemint::core
