#include "bench/harness/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace ephemint::bench {
namespace {

using namespace std::chrono_literals;

std::vector<std::size_t> calls_by_account(const traffic& t, std::chrono::milliseconds length) {
  std::vector<std::size_t> calls(t.accounts);
  for (const arrival& a : make_schedule(t, length)) ++calls.at(a.account);
  return calls;
}

TEST(schedule, constant_calls_are_evenly_apart) {
  const auto calls = make_schedule({.how = arrivals::constant, .rate = 200}, 1s);
  ASSERT_EQ(calls.size(), 200u);
  for (std::size_t i = 0; i < calls.size(); ++i) EXPECT_EQ(calls[i].at, i * 5ms);
}

TEST(schedule, poisson_calls_come_at_the_rate_and_with_the_spread_of_chance) {
  const auto calls = make_schedule({.how = arrivals::poisson, .rate = 1000}, 100s);
  EXPECT_NEAR(static_cast<double>(calls.size()), 100'000, 3 * 317);  // three deviations
  std::size_t short_gaps = 0;
  for (std::size_t i = 1; i < calls.size(); ++i) {
    ASSERT_GE(calls[i].at, calls[i - 1].at);
    if (calls[i].at - calls[i - 1].at < 1ms) ++short_gaps;
  }
  EXPECT_NEAR(static_cast<double>(short_gaps) / static_cast<double>(calls.size()), 1 - 1 / 2.71828, 0.01);
}

TEST(schedule, bursts_come_at_the_beginning_of_each_period) {
  const auto calls = make_schedule(
      {.how = arrivals::bursts, .burst_calls = 150, .burst_spread = 2s, .burst_period = 60s}, 125s);
  ASSERT_EQ(calls.size(), 450u);
  EXPECT_TRUE(std::is_sorted(calls.begin(), calls.end(), [](auto& a, auto& b) { return a.at < b.at; }));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto begin = (i / 150) * 60s;
    EXPECT_GE(calls[i].at, begin);
    EXPECT_LE(calls[i].at, begin + 2s);
  }
}

TEST(schedule, no_call_comes_after_the_end) {
  const auto calls = make_schedule(
      {.how = arrivals::bursts, .burst_calls = 100, .burst_spread = 2s, .burst_period = 60s}, 61s);
  EXPECT_GT(calls.size(), 100u);
  EXPECT_LT(calls.size(), 200u);
  EXPECT_LT(calls.back().at, 61s);
}

TEST(schedule, same_seed_gives_the_same_calls) {
  const auto same = [](const arrival& a, const arrival& b) { return a.at == b.at && a.account == b.account; };
  const auto first = make_schedule({.seed = 7}, 10s);
  const auto again = make_schedule({.seed = 7}, 10s);
  const auto other = make_schedule({.seed = 8}, 10s);
  EXPECT_TRUE(std::equal(first.begin(), first.end(), again.begin(), again.end(), same));
  EXPECT_FALSE(std::equal(first.begin(), first.end(), other.begin(), other.end(), same));
}

TEST(schedule, accounts_call_alike_without_skew) {
  const auto calls = calls_by_account({.rate = 1000, .accounts = 10}, 100s);
  for (const std::size_t count : calls) EXPECT_NEAR(static_cast<double>(count), 10'000, 500);
}

TEST(schedule, skew_is_zipfs) {
  const auto calls = calls_by_account({.rate = 1000, .accounts = 100, .skew = 1}, 100s);
  EXPECT_NEAR(static_cast<double>(calls[0]) / static_cast<double>(calls[1]), 2, 0.15);
  EXPECT_NEAR(static_cast<double>(calls[0]) / static_cast<double>(calls[9]), 10, 1.0);
}

TEST(schedule, accounts_are_different_and_valid) {
  auto accounts = make_accounts(1000);
  std::sort(accounts.begin(), accounts.end());
  EXPECT_EQ(std::adjacent_find(accounts.begin(), accounts.end()), accounts.end());
  EXPECT_TRUE(std::all_of(accounts.begin(), accounts.end(), [](auto& a) { return a.valid(); }));
}

}  // namespace
}  // namespace ephemint::bench
