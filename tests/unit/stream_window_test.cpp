#include "core/stream/stream_window.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;

constexpr time_point now{1000s};

/// Reads and begins as many mints as allowed. Returns how many are under way then.
void fill(stream_window& w) {
  while (w.may_begin()) w.begun();
  while (w.may_read()) {
    w.read();
    while (w.may_begin()) w.begun();
  }
}

TEST(stream_window, runs_so_far_ahead_and_no_farther) {
  stream_window w{4, 5s};
  fill(w);
  EXPECT_EQ(w.outstanding(), 4u);
  EXPECT_FALSE(w.may_read());
  EXPECT_TRUE(w.take_failure());
  EXPECT_TRUE(w.may_read());
}

// behaviours: I8
TEST(stream_window, token_that_waited_too_long_is_begun_again_at_half_the_pace) {
  stream_window w{8, 5s};
  fill(w);
  EXPECT_TRUE(w.take_token(now - 5s, now - 5s, now)) << "exactly enough is left";
  EXPECT_FALSE(w.take_token(now - 5s - 1ns, now - 5s - 1ns, now));
  EXPECT_EQ(w.pace(), 4u);
  EXPECT_EQ(w.outstanding(), 7u) << "its account's result is still to come";
  EXPECT_FALSE(w.may_begin()) << "six are under way";
  EXPECT_FALSE(w.may_read());
}

TEST(stream_window, pace_falls_to_one_and_grows_by_one_with_each_that_is_taken_in_time) {
  stream_window w{8, 5s};
  fill(w);
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(w.take_token(now - 9s, now - 9s, now));
  EXPECT_EQ(w.pace(), 1u);
  for (std::size_t pace = 2; pace <= 8; ++pace) {
    ASSERT_TRUE(w.may_begin());
    w.begun();
    EXPECT_TRUE(w.take_token(now, now, now));
    EXPECT_EQ(w.pace(), pace);
  }
  ASSERT_TRUE(w.may_begin());
  w.begun();
  EXPECT_TRUE(w.take_token(now, now, now));
  EXPECT_EQ(w.pace(), 8u) << "never above the limit";
}

TEST(stream_window, is_over_when_the_source_has_ended_and_all_was_taken) {
  stream_window w{2, 5s};
  fill(w);
  w.end();
  EXPECT_FALSE(w.may_read());
  EXPECT_FALSE(w.over());
  EXPECT_FALSE(w.take_token(now - 9s, now - 9s, now));
  EXPECT_TRUE(w.take_failure());
  EXPECT_FALSE(w.over()) << "one is minted again";
  ASSERT_TRUE(w.may_begin());
  w.begun();
  EXPECT_TRUE(w.take_token(now, now, now));
  EXPECT_TRUE(w.over());
}

TEST(stream_window, token_that_waited_for_most_of_its_time_adds_nothing) {
  stream_window w{8, 5s};
  fill(w);
  EXPECT_FALSE(w.take_token(now - 6s, now - 6s, now));
  EXPECT_EQ(w.pace(), 4u);
  const struct {
    duration sent, came;  // so long ago
    std::size_t pace;
  } cases[] = {{2500ms, 2500ms, 5}, {2501ms, 2501ms, 5}, {5s, 5s, 5},
               {4s, 1s, 6},         {4s, 1001ms, 6},     {0s, 0s, 7}};
  for (const auto& c : cases) {
    ASSERT_TRUE(w.take_token(now - c.sent, now - c.came, now));
    EXPECT_EQ(w.pace(), c.pace);
  }
}

/// A reader in virtual time that takes 100 results, one each `pause`. Returns how many permits that costs if
/// a token is good for five seconds.
std::size_t permits_for(duration pause) {
  stream_window w{32, 5s};
  time_point at = now;
  std::size_t permits = 0;
  std::deque<time_point> ready;
  const auto run = [&] {
    while (w.may_begin()) w.begun(), ready.push_back(at), ++permits;
    while (w.may_read()) {
      w.read();
      while (w.may_begin()) w.begun(), ready.push_back(at), ++permits;
    }
  };
  std::size_t taken = 0;
  while (taken < 100) {
    run();
    bool handed_over = false;
    while (!handed_over && !ready.empty()) {
      handed_over = w.take_token(ready.front(), ready.front(), at);
      ready.pop_front();
    }
    if (!handed_over) continue;
    ++taken;
    at += pause;
  }
  return permits;
}

TEST(stream_window, slow_reader_costs_a_few_permits_more_not_a_window_each_time) {
  EXPECT_LT(permits_for(6s), 300u);
}

TEST(stream_window, reader_of_a_token_in_a_third_of_a_second_costs_hardly_a_permit_more) {  // behaviours: D1
  EXPECT_LE(permits_for(300ms), 100 + 32 + 16u);
  EXPECT_LE(permits_for(4s), 100 + 32 + 32u);
}

}  // namespace
}  // namespace ephemint::core
