#include "core/links/pool_rules.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;

/// A pool and the time.
struct fixture {
  explicit fixture(pool_rules::settings s = {}) : pool{s, splitmix{3}} {}

  lane& connect() {
    lane& l = pool.start_dial(now);
    pool.dial_succeeded();
    EXPECT_TRUE(pool.to_idle(l, now));
    return l;
  }
  void use(lane& l, duration d = 80ms) {
    pool.to_busy(l, carried, permit{}, now, now + 2s);
    now += d;
    EXPECT_TRUE(pool.to_idle(l, now));
  }

  pool_rules pool;
  job carried;
  time_point now{1000s};
};

TEST(pool_rules, idle_lane_used_last_is_taken_first) {
  fixture f;
  lane& a = f.connect();
  lane& b = f.connect();
  EXPECT_EQ(f.pool.idle(f.now, false), &b);
  f.use(a);
  EXPECT_EQ(f.pool.idle(f.now, false), &a);
  EXPECT_EQ(f.pool.idle(f.now, true), &b) << "the one that has served nobody";
}

// behaviours: Q3
TEST(pool_rules, four_dials_at_once_and_never_more_than_max) {
  fixture f{{.max_connections = 6}};
  std::vector<lane*> dials;
  while (f.pool.may_dial(f.now)) dials.push_back(&f.pool.start_dial(f.now));
  EXPECT_EQ(dials.size(), 4u);
  for (lane* l : dials) f.pool.to_idle(*l, f.now);
  while (f.pool.may_dial(f.now)) f.pool.start_dial(f.now);
  EXPECT_EQ(f.pool.total(), 6u);
  EXPECT_EQ(f.pool.live(), 4u);
  EXPECT_EQ(f.pool.next_dial(f.now), never) << "time won't help";
}

// behaviours: Q4, N1
TEST(pool_rules, failed_dials_back_off_with_jitter_up_to_two_seconds) {
  std::set<duration> firsts;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    pool_rules pool{{}, splitmix{seed}};
    time_point now{1000s};
    for (int failures = 1; failures <= 30; ++failures) {
      lane& l = pool.start_dial(now);
      EXPECT_TRUE(pool.dial_failed(l, now));
      pool.forget(l);
      EXPECT_EQ(pool.failures_in_a_row(), static_cast<std::uint32_t>(failures));
      const duration whole = std::min<duration>(50ms * (1LL << std::min(failures - 1, 16)), 2s);
      const duration wait = pool.next_dial(now) - now;
      EXPECT_GE(wait, whole / 2);
      EXPECT_LE(wait, whole);
      if (failures == 1) firsts.insert(wait);
      EXPECT_FALSE(pool.may_dial(now));
      now = pool.next_dial(now);
      EXPECT_TRUE(pool.may_dial(now));
      EXPECT_EQ(pool.next_dial(now), never);
    }
    pool.dial_succeeded();
    EXPECT_EQ(pool.failures_in_a_row(), 0u);
  }
  EXPECT_GT(firsts.size(), 15u);
}

// behaviours: Q4
TEST(pool_rules, dials_that_fail_together_are_one_failure_and_then_they_go_singly) {
  fixture f;
  std::vector<lane*> dials;
  while (f.pool.may_dial(f.now)) dials.push_back(&f.pool.start_dial(f.now));
  EXPECT_EQ(dials.size(), 4u);
  for (lane* l : dials) {
    EXPECT_EQ(f.pool.dial_failed(*l, f.now), l == dials.front());
    f.pool.forget(*l);
  }
  EXPECT_EQ(f.pool.failures_in_a_row(), 1u);
  f.now = f.pool.next_dial(f.now);
  lane& probe = f.pool.start_dial(f.now);
  EXPECT_FALSE(f.pool.may_dial(f.now));
  EXPECT_EQ(f.pool.next_dial(f.now), never);
  f.pool.dial_succeeded();
  f.pool.to_idle(probe, f.now);
  EXPECT_TRUE(f.pool.may_dial(f.now));
}

// behaviours: Q5
TEST(pool_rules, ages_spread_by_a_fifth_and_end_a_lane_only_when_it_rests) {
  fixture f;
  std::set<time_point> ends;
  for (int i = 0; i < 8; ++i) ends.insert(f.connect().retire_at);
  EXPECT_GT(ends.size(), 6u);
  EXPECT_GE(*ends.begin() - f.now, 8min);
  EXPECT_LE(*ends.rbegin() - f.now, 12min);

  fixture g{{.idle_timeout = 1h}};
  lane& l = g.connect();
  g.pool.to_busy(l, g.carried, permit{}, g.now, g.now + 1h);
  EXPECT_EQ(g.pool.expired(l.retire_at), nullptr) << "busy: its age waits";
  EXPECT_FALSE(g.pool.to_idle(l, l.retire_at));
}

// behaviours: S8
TEST(pool_rules, lane_idle_for_too_long_is_due_and_isnt_taken) {
  fixture f;
  lane& l = f.connect();
  const time_point end = f.now + 30s;
  EXPECT_EQ(f.pool.next_due(), end);
  EXPECT_EQ(f.pool.expired(end - 1ns), nullptr);
  EXPECT_EQ(f.pool.expired(end), &l);
  EXPECT_EQ(f.pool.idle(end, false), nullptr);
  EXPECT_EQ(f.pool.idle(end - 1ns, false), &l);
}

TEST(pool_rules, name_of_a_forgotten_lane_names_nobody) {
  fixture f;
  lane& a = f.connect();
  const auto id = a.id;
  f.pool.forget(a);
  EXPECT_EQ(f.pool.find(id), nullptr);
  lane& b = f.connect();
  EXPECT_NE(b.id, id);
  EXPECT_EQ(f.pool.find(id), nullptr);
  EXPECT_EQ(f.pool.find(b.id), &b);
  EXPECT_EQ(f.pool.find(0xffffffff), nullptr);
  EXPECT_EQ(f.pool.total(), 1u);
}

TEST(pool_rules, draining_lane_is_due_and_can_rest_again) {
  fixture f;
  lane& l = f.connect();
  f.pool.to_busy(l, f.carried, permit{}, f.now, f.now + 2s);
  EXPECT_EQ(f.pool.next_due(), f.now + 2s);
  EXPECT_EQ(l.carries, &f.carried);
  f.pool.to_draining(l, f.now + 250ms);
  EXPECT_EQ(l.carries, nullptr);
  EXPECT_EQ(f.pool.next_due(), f.now + 250ms);
  EXPECT_EQ(f.pool.idle_count(), 0u);
  EXPECT_TRUE(f.pool.to_idle(l, f.now));
  EXPECT_EQ(f.pool.idle_count(), 1u);
}

TEST(pool_rules, lanes_can_be_forgotten_while_all_are_walked) {
  fixture f;
  for (int i = 0; i < 8; ++i) f.connect();
  f.pool.for_each([&](lane& l) {
    if (l.id % 2 == 0) f.pool.forget(l);
  });
  EXPECT_EQ(f.pool.total(), 4u);
  f.pool.for_each([&](lane& l) { f.pool.forget(l); });
  EXPECT_EQ(f.pool.total(), 0u);
  EXPECT_EQ(f.pool.next_due(), never);
}

}  // namespace
}  // namespace ephemint::core
