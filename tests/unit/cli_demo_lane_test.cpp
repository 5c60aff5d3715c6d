#include "demo_lane.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;
using lives = std::vector<clock::duration>;

constexpr clock::time_point lane_begin{100s};

lane lane_with_three_held() {
  lane seen;
  seen.accounts = 5;
  for (const clock::duration at : {0s, 4s, 8s})
    seen.held.push_back({lane_begin, lane_begin + at + token_lifetime});
  return seen;
}

TEST(cli_demo_lane, held_tokens_die_while_they_wait) {
  const lane seen = lane_with_three_held();
  EXPECT_EQ(seen.minted(), 3u);
  EXPECT_EQ(seen.held_dead(lane_begin + 10s - 1ns), 0u);
  EXPECT_EQ(seen.held_dead(lane_begin + 10s), 1u);
  EXPECT_EQ(seen.held_dead(lane_begin + 14s), 2u);
}

TEST(cli_demo_lane, handing_over_settles_lives_and_counts_the_dead) {
  lane seen = lane_with_three_held();
  seen.hand_over(lane_begin + 11s);
  EXPECT_EQ(seen.seconds_left, (lives{-1s, 3s, 7s}));
  EXPECT_EQ(seen.latencies, (lives{11s, 11s, 11s}));
  EXPECT_EQ(seen.dead, 1u);
  EXPECT_TRUE(seen.held.empty());
  EXPECT_EQ(seen.minted(), 3u);

  seen.held.push_back({lane_begin, lane_begin + 30s});
  seen.hand_over(lane_begin + 31s);
  EXPECT_EQ(seen.dead, 2u);
  EXPECT_EQ(seen.minted(), 4u);
  seen.hand_over(lane_begin + 99s);
  EXPECT_EQ(seen.dead, 2u) << "nobody is handed over twice";
}

TEST(cli_demo_lane, newest_end_with_what_is_held_now) {
  lane seen = lane_with_three_held();
  seen.hand_over(lane_begin + 11s);
  seen.held = {{lane_begin, lane_begin + 22s}, {lane_begin, lane_begin + 23s}};
  const auto at = lane_begin + 20s;
  EXPECT_EQ(newest(seen, at, 9), (lives{-1s, 3s, 7s, 2s, 3s}));
  EXPECT_EQ(newest(seen, at, 3), (lives{7s, 2s, 3s}));
  EXPECT_EQ(newest(seen, at, 1), (lives{3s}));
  EXPECT_EQ(newest(seen, at, 0), lives{});
  EXPECT_EQ(newest(lane{}, at, 9), lives{});
}

}  // namespace
}  // namespace ephemint::cli
