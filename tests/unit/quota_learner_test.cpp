#include "core/quota/quota_learner.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;

constexpr at start{100s};

/// Lets time pass while the limit restricts the sending.
void saturate(quota_learner& learner, at& now, clock::duration length, double in_window) {
  for (const at end = now + length; now < end; now += 1s) {
    learner.on_held_back(now);
    learner.advance(now, in_window);
  }
}

TEST(quota_learner, starts_at_the_quota_with_no_burst_bound) {
  quota_learner learner{quota::declared(200, 60s)};
  EXPECT_EQ(learner.limit(), 200);
  EXPECT_GT(learner.burst(), 1e9);
  EXPECT_FALSE(learner.learned_anything());
}

TEST(quota_learner, refusal_of_an_even_flow_lowers_the_rate_a_little) {
  quota_learner learner{quota::declared(200, 60s)};
  learner.on_refused(start, {.pause = 1s, .counted = 199, .debt = 1.2});
  EXPECT_NEAR(learner.limit(), 197, 0.01);
  EXPECT_GT(learner.burst(), 1e9);
}

TEST(quota_learner, refusal_of_a_burst_lowers_the_burst_alone) {
  quota_learner learner{quota::declared(200, 60s)};
  learner.on_refused(start, {.pause = 1s, .counted = 10, .span = 0.05, .debt = 11});
  EXPECT_EQ(learner.limit(), 200);
  EXPECT_EQ(learner.burst(), 9);
}

TEST(quota_learner, burst_on_top_of_a_full_window_lowers_both) {
  quota_learner learner{quota::declared(200, 60s)};
  learner.on_refused(start, {.pause = 1s, .counted = 195, .debt = 40});
  EXPECT_LT(learner.limit(), 200);
  EXPECT_LT(learner.burst(), 40);
}

TEST(quota_learner, far_less_than_allowed_in_a_full_window_halves) {
  quota_learner learner{quota::declared(200, 60s)};
  learner.on_refused(start, {.pause = 1s, .counted = 50, .debt = 1});
  EXPECT_EQ(learner.limit(), 100);
}

TEST(quota_learner, first_refusal_of_a_young_flow_is_forgiven_the_second_isnt) {
  quota_learner learner{quota::declared(200, 60s)};
  learner.on_refused(start, {.pause = 1s, .counted = 42, .span = 0.2, .debt = 1});
  EXPECT_NEAR(learner.limit(), 197, 0.01);
  learner.on_refused(start + 10s, {.pause = 1s, .counted = 70, .span = 0.4, .debt = 1});
  EXPECT_NEAR(learner.limit(), 98.5, 0.01);
}

TEST(quota_learner, larger_share_is_cut_by_more) {
  quota_learner large{quota::declared(200, 60s)};
  quota_learner small{quota::declared(200, 60s)};
  for (auto* l : {&large, &small}) l->on_refused(start, {.pause = 1s, .counted = 50, .debt = 1});
  small.on_refused(start + 10min, {.pause = 1s, .counted = 30, .debt = 1});
  const double before_large = large.limit();
  const double before_small = small.limit();
  large.on_refused(start + 1h, {.pause = 1s, .counted = before_large, .debt = 1});
  small.on_refused(start + 1h, {.pause = 1s, .counted = before_small, .debt = 1});
  EXPECT_LT(large.limit() / before_large, small.limit() / before_small) << "so that shares become equal";
}

TEST(quota_learner, declared_limit_never_grows_above_the_quota) {
  quota_learner learner{quota::declared(200, 60s)};
  at now = start;
  for (int i = 0; i < 4; ++i, now += 1s) learner.on_refused(now, {.pause = 1s, .counted = 20, .debt = 1});
  EXPECT_LT(learner.limit(), 60);
  saturate(learner, now, 2h, 100);
  EXPECT_EQ(learner.limit(), 200);
}

TEST(quota_learner, limit_that_isnt_wanted_doesnt_grow) {
  quota_learner learner{quota::declared(200, 60s)};
  learner.on_refused(start, {.pause = 1s, .counted = 50, .debt = 1});
  for (at now = start; now < start + 1h; now += 1s) learner.advance(now, 5);
  EXPECT_EQ(learner.limit(), 100);
}

TEST(quota_learner, refused_level_is_kept_away_from_for_longer_each_time) {
  quota_learner learner{quota::declared(200, 60s)};
  at now = start;
  clock::duration last{};
  for (int i = 0; i < 3; ++i) {
    learner.on_refused(now, {.pause = 100ms, .counted = 199, .debt = 1});
    const at refused = now;
    while (learner.limit() < 199.5 && now < refused + 2h) saturate(learner, now, 1s, 190);
    EXPECT_GT(now - refused, last + 1min);
    last = now - refused;
  }
}

TEST(quota_learner, burst_doubles_after_a_hold_until_it_is_unbounded) {
  quota_learner learner{quota::declared(200, 60s)};
  learner.on_refused(start, {.pause = 100ms, .counted = 10, .span = 0.05, .debt = 11});
  learner.advance(start + 5min, 10);
  EXPECT_EQ(learner.burst(), 9);
  at now = start;
  for (; learner.burst() < 1e9 && now < start + 5h; now += 10s) learner.advance(now, 10);
  EXPECT_GT(now, start + 24min);
  EXPECT_LT(now, start + 1h);
}

TEST(quota_learner, learned_quota_is_searched_upwards_until_refused) {
  quota_learner learner{quota::automatic(200, 60s)};
  at now = start;
  saturate(learner, now, 55s, 200);
  EXPECT_EQ(learner.limit(), 200) << "what was told is trusted for a window";
  saturate(learner, now, 60s, 300);
  EXPECT_GT(learner.limit(), 400);
  learner.on_refused(now, {.pause = 1s, .counted = 600, .debt = 1.5});
  EXPECT_LT(learner.limit(), 800);
  EXPECT_FALSE(learner.may_release_at_once());
}

TEST(quota_learner, learned_quota_follows_downwards) {
  quota_learner learner{quota::automatic(600, 60s)};
  at now = start;
  for (int i = 0; i < 4; ++i, now += 1min) learner.on_refused(now, {.pause = 10s, .counted = 100, .debt = 1});
  EXPECT_NEAR(learner.limit(), 100, 5);
}

TEST(quota_learner, level_refused_again_is_left_by_doubled_steps_where_each_costs_a_window) {
  for (const bool coarse : {true, false}) {
    quota_learner learner{quota::automatic(200, 60s)};
    at now = start;
    double before = 200;
    for (const double cut : {0.015, 0.03, 0.06, 0.12, 0.12}) {
      learner.on_refused(now, {.pause = coarse ? 60s : 5s, .counted = before, .debt = 1});
      EXPECT_NEAR(learner.limit(), before * (1 - (coarse ? cut : 0.015)), 0.01);
      before = learner.limit();
      now += 2min;
    }
    learner.on_refused(now + 5min, {.pause = 60s, .counted = before, .debt = 1});
    EXPECT_NEAR(learner.limit(), before * 0.985, 0.01) << "a while later it is news";
  }
}

TEST(quota_learner, release_that_is_refused_is_no_level_refused_again) {
  for (const refusal& r : {refusal{.pause = 60s, .counted = 200, .span = 1, .debt = 180},
                           refusal{.pause = 60s, .counted = 200, .span = 0.1, .debt = 1}}) {
    quota_learner learner{quota::automatic(200, 60s)};
    for (int i = 0; i < 4; ++i) learner.on_refused(start + i * 2min, r);
    EXPECT_NEAR(learner.limit(), 200 * std::pow(0.985, 4), 0.01) << "it walks over the level on purpose";
  }
}

TEST(quota_learner, count_that_lags_behind_the_search_is_believed_down_to_a_share) {
  for (const auto& [span, share] : {std::pair{1.0, 0.5}, std::pair{0.5, 0.3}}) {
    quota_learner learner{quota::automatic(200, 60s)};
    learner.on_refused(start, {.pause = 5s, .counted = 10, .span = span, .debt = 1});
    EXPECT_NEAR(learner.limit(), 0.985 * share * 200, 0.01) << "sent in " << span << " of the window";
  }
}

TEST(quota_learner, whole_window_of_pause_lets_a_full_window_go_after_it) {
  quota_learner learner{quota::automatic(200, 60s)};
  learner.on_refused(start, {.pause = 60s, .counted = 198, .debt = 1});
  EXPECT_TRUE(learner.may_release_at_once());
  learner.on_refused(start + 5min, {.pause = 60s, .counted = 10, .debt = 11});
  EXPECT_FALSE(learner.may_release_at_once()) << "not where bursts are refused";
}

// A server admits 600 while 200 was known: the debt of a leap comes from the limit's lag.
TEST(quota_learner, leap_blames_no_burst) {
  quota_learner learner{quota::automatic(200, 60s)};
  at now = start;
  saturate(learner, now, 2min, 200);
  learner.on_refused(now, {.pause = 60s, .counted = 200, .debt = 1.5});
  saturate(learner, now, 8min, 600);
  ASSERT_GT(learner.limit(), 1000);
  learner.on_refused(now, {.pause = 60s, .counted = 600, .span = 0.8, .debt = 210});
  EXPECT_GT(learner.burst(), 1e9);
}

TEST(quota_learner, last_refusal_can_be_forgotten) {
  for (const quota& told : {quota::declared(200, 60s), quota::automatic(200, 60s)}) {
    quota_learner learner{told};
    learner.on_refused(start, {.pause = 1s, .counted = 10, .span = 0.05, .debt = 11});
    const double limit = learner.limit();
    const double burst = learner.burst();
    learner.on_refused(start + 2min, {.pause = 5s, .counted = 3, .debt = 5});
    ASSERT_LT(learner.burst(), burst);
    learner.on_refused(start + 4min, {.pause = 5s, .counted = 3, .debt = 1});
    ASSERT_LT(learner.limit(), limit);
    learner.forget_last();
    EXPECT_EQ(learner.limit(), limit) << "the last, and no other";
    EXPECT_LT(learner.burst(), burst);
  }
}

}  // namespace
}  // namespace ephemint::core
