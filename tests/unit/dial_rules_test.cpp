#include "core/links/dial_rules.hpp"

#include "core/links/link.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;

// behaviours: Q3
TEST(dial_rules, four_dials_at_once) {
  const dial_rules rules{{}, splitmix{3}};
  const time_point now{1000s};
  EXPECT_TRUE(rules.may_dial(now, 3));
  EXPECT_FALSE(rules.may_dial(now, 4));
  EXPECT_EQ(rules.next(now, 4), never) << "time won't help";
}

TEST(dial_rules, one_dial_until_it_is_known_what_one_brings) {
  const time_point now{1000s};
  dial_rules rules{{.expected_capacity = 0}, splitmix{3}};
  EXPECT_EQ(rules.expected_capacity(), 1u);
  EXPECT_TRUE(rules.may_dial(now, 0));
  EXPECT_FALSE(rules.may_dial(now, 1));
  rules.opened({1, false});
  EXPECT_TRUE(rules.may_dial(now, 3));
  rules.opened({100, true});
  EXPECT_EQ(rules.expected_capacity(), 100u);
  EXPECT_FALSE(rules.may_dial(now, 1)) << "one brings room for many";
  rules.granted(3);
  EXPECT_EQ(rules.expected_capacity(), 3u);
  for (const std::uint32_t few : {1u, 0u}) {
    rules.granted(few);
    EXPECT_EQ(rules.expected_capacity(), 1u);
    EXPECT_FALSE(rules.may_dial(now, 1)) << "it may be shared by many again";
  }
  rules.opened({1, false});
  EXPECT_TRUE(rules.may_dial(now, 3));
}

// behaviours: Q4, N1
TEST(dial_rules, failed_dials_back_off_with_jitter_up_to_two_seconds) {
  std::set<duration> firsts;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    dial_rules rules{{}, splitmix{seed}};
    time_point now{1000s};
    for (int failures = 1; failures <= 30; ++failures) {
      link l;
      rules.begun(l);
      EXPECT_TRUE(rules.failed(l, now));
      EXPECT_EQ(rules.failures_in_a_row(), static_cast<std::uint32_t>(failures));
      const duration whole = std::min<duration>(50ms * (1LL << std::min(failures - 1, 16)), 2s);
      const duration wait = rules.next(now, 0) - now;
      EXPECT_GE(wait, whole / 2);
      EXPECT_LE(wait, whole);
      if (failures == 1) firsts.insert(wait);
      EXPECT_FALSE(rules.may_dial(now, 0));
      now = rules.next(now, 0);
      EXPECT_TRUE(rules.may_dial(now, 0));
      EXPECT_EQ(rules.next(now, 0), never);
    }
    rules.succeeded();
    EXPECT_EQ(rules.failures_in_a_row(), 0u);
  }
  EXPECT_GT(firsts.size(), 15u);
}

// behaviours: Q4
TEST(dial_rules, dials_that_fail_together_are_one_failure_and_then_they_go_singly) {
  dial_rules rules{{}, splitmix{3}};
  time_point now{1000s};
  std::array<link, 4> dials;
  for (link& l : dials) rules.begun(l);
  for (link& l : dials) EXPECT_EQ(rules.failed(l, now), &l == &dials.front());
  EXPECT_EQ(rules.failures_in_a_row(), 1u);
  now = rules.next(now, 0);
  EXPECT_TRUE(rules.may_dial(now, 0));
  EXPECT_FALSE(rules.may_dial(now, 1));
  rules.succeeded();
  EXPECT_TRUE(rules.may_dial(now, 1));
}

// behaviours: H1
TEST(dial_rules, dial_that_there_was_no_memory_for_is_tried_again_later) {
  dial_rules rules{{}, splitmix{3}};
  const time_point now{1000s};
  rules.postpone(now + 50ms);
  EXPECT_FALSE(rules.may_dial(now, 0));
  EXPECT_EQ(rules.next(now, 0), now + 50ms);
  EXPECT_TRUE(rules.may_dial(now + 50ms, 0));
  EXPECT_EQ(rules.failures_in_a_row(), 0u);
}

}  // namespace
}  // namespace ephemint::core
