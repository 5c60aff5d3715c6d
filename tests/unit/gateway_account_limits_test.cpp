#include "access/account_limits.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace ephemint::gateway {
namespace {

using namespace std::chrono_literals;
using time_point = clock::time_point;

const time_point start{1'000s};

// behaviours: G7
TEST(gateway_account_limits, burst_at_once_then_one_each_tenth_of_the_rate) {
  account_limits limits{{.requests = 6, .window = 60s, .burst = 3}};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limits.take("se-1", start), std::nullopt);
  EXPECT_EQ(limits.take("se-1", start), 10s);
  EXPECT_EQ(limits.take("se-1", start + 4s), 6s) << "what was refused isn't counted";
  EXPECT_EQ(limits.take("se-1", start + 10s - 1ns), 1ns);
  EXPECT_EQ(limits.take("se-1", start + 10s), std::nullopt);
  EXPECT_EQ(limits.take("se-1", start + 10s), 10s);
  EXPECT_EQ(limits.take("se-2", start), std::nullopt) << "another account's";
}

TEST(gateway_account_limits, told_wait_is_enough) {
  account_limits limits{{.requests = 7, .window = 60s, .burst = 1}};
  time_point now = start;
  for (int i = 0; i < 100; ++i) {
    const auto wait = limits.take("se-1", now);
    if (wait) now += *wait;
    EXPECT_TRUE(!wait || !limits.take("se-1", now));
  }
}

TEST(gateway_account_limits, pause_fills_no_more_than_the_burst) {
  account_limits limits{{.requests = 6, .window = 60s, .burst = 3}};
  limits.take("se-1", start);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limits.take("se-1", start + 24h), std::nullopt);
  EXPECT_EQ(limits.take("se-1", start + 24h), 10s);
}

TEST(gateway_account_limits, what_came_to_nothing_comes_back_but_never_more_than_the_burst) {
  account_limits limits{{.requests = 6, .window = 60s, .burst = 3}};
  for (int i = 0; i < 3; ++i) limits.take("se-1", start);
  limits.give_back("se-1");
  EXPECT_EQ(limits.take("se-1", start), std::nullopt);
  EXPECT_EQ(limits.take("se-1", start), 10s);
  for (int i = 0; i < 100; ++i) limits.give_back("se-1");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limits.take("se-1", start), std::nullopt);
  EXPECT_EQ(limits.take("se-1", start), 10s);
  limits.give_back("unknown");
  EXPECT_EQ(limits.size(), 1u);
}

TEST(gateway_account_limits, no_limit_remembers_nobody) {
  account_limits limits{{.requests = 0, .window = 60s, .burst = 1}};
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(limits.take("se-1", start), std::nullopt);
  limits.give_back("se-1");
  EXPECT_EQ(limits.size(), 0u);
}

TEST(gateway_account_limits, full_one_forgets_who_was_asked_for_longest_ago) {
  account_limits limits{{.requests = 1, .window = 60s, .burst = 1}, 2};
  limits.take("a", start);
  limits.take("b", start);
  EXPECT_TRUE(limits.take("a", start)) << "asked for again, though refused";
  limits.take("c", start);
  EXPECT_EQ(limits.size(), 2u);
  EXPECT_TRUE(limits.take("a", start));
  EXPECT_FALSE(limits.take("b", start)) << "forgotten";
  EXPECT_EQ(limits.size(), 2u);
}

TEST(gateway_account_limits, memory_is_bounded) {
  account_limits limits{account_rate{}};
  for (int i = 0; i < 150'000; ++i) limits.take(std::to_string(i), start);
  EXPECT_EQ(limits.size(), 100'000u);
}

TEST(gateway_account_limits, no_time_sees_more_than_burst_and_rate) {
  const account_rate rate{.requests = 5, .window = 1s, .burst = 4};
  for (unsigned seed = 1; seed <= 20; ++seed) {
    account_limits limits{rate};
    std::mt19937 random{seed};
    std::vector<time_point> taken;
    time_point now = start;
    for (int i = 0; i < 2'000; ++i) {
      now += (random() % 100) * 1ms;
      if (!limits.take("se-1", now)) taken.push_back(now);
    }
    for (std::size_t first = 0; first < taken.size(); ++first)
      for (std::size_t last = first; last < taken.size() && last < first + 50; ++last)
        EXPECT_LE(last - first + 1, 4u + static_cast<std::size_t>((taken[last] - taken[first]) / 200ms));
  }
}

}  // namespace
}  // namespace ephemint::gateway
