#include "core/attempts/hedge_rules.hpp"

#include "core/attempts/reply_times.hpp"
#include "core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;

hedge_rules rules(duration longest = 2s) { return hedge_rules{{true, longest}}; }

void hear(hedge_rules& r, int replies, duration taken) {
  for (int i = 0; i < replies; ++i) r.on_token(taken);
}

// behaviours: HG1
TEST(reply_times, percentile_is_an_eighth_too_long_at_most) {
  for (const duration shortest : {20ms, 80ms, 700ms, 60'000ms}) {
    splitmix random{1};
    reply_times times;
    std::vector<duration> all;
    for (int i = 0; i < 1'000; ++i) {
      const double spread = std::exp(2 * random.unit());
      all.push_back(std::chrono::duration_cast<duration>(shortest * spread));
      times.add(all.back());
    }
    std::ranges::sort(all);
    EXPECT_GE(times.all_but(5), all[949]);
    EXPECT_LE(times.all_but(5), all[949] * 9 / 8 + 2ms);
  }
}

TEST(reply_times, past_fades) {
  reply_times times;
  for (int i = 0; i < 10'000; ++i) times.add(80ms);
  EXPECT_LT(times.size(), 1'024u);
  for (int i = 0; i < 60; ++i) times.add(1s);
  EXPECT_GE(times.all_but(5), 1s);
}

TEST(reply_times, any_length_has_its_bucket) {
  reply_times times;
  for (const duration d : {duration{-1}, duration{}, duration{1}, duration{1h}, duration::max()})
    times.add(d);
  EXPECT_EQ(times.size(), 5u);
  EXPECT_GE(times.all_but(0), 1h);
}

// behaviours: HG1
TEST(hedge_rules, late_is_twice_the_95th_percentile_once_50_replies_are_known) {
  hedge_rules r = rules();
  hear(r, 49, 80ms);
  EXPECT_EQ(r.delay(), duration::max());
  hear(r, 1, 80ms);
  EXPECT_GE(r.delay(), 160ms);
  EXPECT_LE(r.delay(), 180ms);
}

// behaviours: HG1
TEST(hedge_rules, late_is_never_below_50_ms_nor_above_what_an_attempt_may_take) {
  hedge_rules fast = rules();
  hear(fast, 50, 2ms);
  EXPECT_EQ(fast.delay(), 50ms);
  hedge_rules slow = rules(1s);
  hear(slow, 50, 900ms);
  EXPECT_EQ(slow.delay(), 1s);
  hedge_rules hasty = rules(20ms);
  hear(hasty, 50, 10ms);
  EXPECT_EQ(hasty.delay(), 20ms);
}

// behaviours: HG1
TEST(hedge_rules, few_slow_replies_of_many_move_it_little) {
  hedge_rules r = rules(10s);
  for (int i = 0; i < 500; ++i) r.on_token(i % 50 == 0 ? 2s : 80ms);
  EXPECT_LE(r.delay(), 180ms);
}

/// Otherwise only the quick replies of a server that became slower would count.
// behaviours: HG1
TEST(hedge_rules, late_request_that_was_dropped_counts_as_its_age) {
  hedge_rules r = rules(10s);
  hear(r, 100, 80ms);
  for (int i = 0; i < 20; ++i) r.on_unanswered(400ms);
  EXPECT_GE(r.delay(), 800ms);
}

TEST(hedge_rules, request_that_was_dropped_before_it_was_late_says_nothing) {
  hedge_rules r = rules();
  hear(r, 50, 80ms);
  const duration before = r.delay();
  for (int i = 0; i < 1'000; ++i) r.on_unanswered(5ms);
  EXPECT_EQ(r.delay(), before);
}

// behaviours: HG2
TEST(hedge_rules, pays_for_two_in_a_hundred_and_ten_at_once) {
  hedge_rules r = rules();
  EXPECT_FALSE(r.affordable());
  hear(r, 49, 80ms);
  EXPECT_FALSE(r.affordable());
  hear(r, 1, 80ms);
  EXPECT_TRUE(r.affordable());
  r.spend();
  EXPECT_FALSE(r.affordable());
  hear(r, 10'000, 80ms);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(r.affordable());
    r.spend();
  }
  EXPECT_FALSE(r.affordable());
}

// behaviours: HG2
TEST(hedge_rules, nothing_is_left_after_a_429) {
  hedge_rules r = rules();
  hear(r, 500, 80ms);
  r.on_rate_limited();
  EXPECT_FALSE(r.affordable());
  hear(r, 50, 80ms);
  EXPECT_TRUE(r.affordable());
}

}  // namespace
}  // namespace ephemint::core
