#include "counters.hpp"

#include <gtest/gtest.h>

namespace ephemint::sandbox {
namespace {

using namespace std::chrono_literals;

const sliding_peak::time_point start{1h};

TEST(sandbox_counters, peak_is_the_fullest_window_wherever_it_begins) {
  sliding_peak peak{1s};
  for (auto t : {0ms, 900ms, 950ms, 990ms, 1000ms, 1899ms, 1900ms}) peak.add(start + t);
  EXPECT_EQ(peak.peak(), 5U);  // 900 … 1899
}

TEST(sandbox_counters, events_a_window_apart_are_not_in_one) {
  sliding_peak peak{1s};
  for (int i = 0; i < 10; ++i) peak.add(start + i * 1s);
  EXPECT_EQ(peak.peak(), 1U);
}

TEST(sandbox_counters, peak_has_a_ceiling) {
  sliding_peak peak{1h};
  for (std::size_t i = 0; i < sliding_peak::ceiling + 10; ++i) peak.add(start);
  EXPECT_EQ(peak.peak(), sliding_peak::ceiling);
}

TEST(sandbox_counters, accounts_beyond_the_bound_are_counted_together) {
  counters counted{2, 1min};
  for (auto account : {"a", "b", "c", "a", "d", "c", ""}) counted.on_request(start, account);
  const server_stats stats = counted.snapshot();
  EXPECT_EQ(stats.requests, 7U);
  EXPECT_EQ(stats.requests_by_account, (decltype(stats.requests_by_account){{"a", 2}, {"b", 1}}));
  EXPECT_EQ(stats.requests_by_other_accounts, 3U);
  EXPECT_EQ(stats.peak_per_second, 7U);
  EXPECT_EQ(stats.peak_per_window, 7U);
}

TEST(sandbox_counters, reset_keeps_only_what_is_open) {
  counters counted{2, 1min};
  counted.plain.connections_open = 3;
  counted.plain.minted = 5;
  counted.on_request(start, "a");
  counted.on_reply(200);
  counted.reset();
  const server_stats stats = counted.snapshot();
  EXPECT_EQ(stats.connections_open, 3U);
  EXPECT_EQ(stats.minted, 0U);
  EXPECT_EQ(stats.requests, 0U);
  EXPECT_EQ(stats.peak_per_window, 0U);
  EXPECT_TRUE(stats.requests_by_account.empty());
  EXPECT_TRUE(stats.replies_by_status.empty());
}

}  // namespace
}  // namespace ephemint::sandbox
