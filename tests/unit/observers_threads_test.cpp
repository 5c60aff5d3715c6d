// Observers that clients on several threads share, while other threads read them.
#include "support/metrics_text.hpp"

#include <ephemint/log_observer.hpp>
#include <ephemint/metrics.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ephemint {
namespace {

using namespace std::chrono_literals;

constexpr int threads = 4;
constexpr int rounds = 2000;

// behaviours: O2, I7
TEST(observers_threads, metrics_lose_no_report_and_never_show_half_a_histogram) {
  metrics seen;
  {
    std::vector<std::jthread> clients;
    for (int t = 0; t < threads; ++t)
      clients.emplace_back([&] {
        attempt_report a;
        a.took = 41ms;
        mint_report m;
        m.remaining = 9s;
        for (int i = 0; i < rounds; ++i) {
          if (i % 100 == 0) seen.on_client({});
          if (i % 500 == 0) seen.add([] { return std::string{}; });
          seen.on_attempt(a);
          seen.on_mint(m);
        }
      });
    for (int i = 0; i < 20; ++i)
      EXPECT_THAT(test::metrics_text{seen.prometheus_text()}.wrong, testing::IsEmpty());
  }
  const test::metrics_text text{seen.prometheus_text()};
  EXPECT_EQ(text["ephemint_requests_total{outcome=\"minted\"}"], threads * rounds);
  EXPECT_EQ(text["ephemint_mints_total{urgency=\"interactive\",result=\"minted\"}"], threads * rounds);
  EXPECT_EQ(text["ephemint_token_remaining_seconds_count"], threads * rounds);
}

// behaviours: O5, I7
TEST(observers_threads, of_one_trouble_on_all_threads_one_line_is_said) {
  std::atomic<int> said{0};
  log_observer log{[&](severity, std::string_view) { ++said; }};
  {
    std::vector<std::jthread> clients;
    for (int t = 0; t < threads; ++t)
      clients.emplace_back([&] {
        quota_report q;
        q.at = clock::time_point{1h};
        for (int i = 0; i < rounds; ++i) log.on_quota(q);
      });
  }
  EXPECT_EQ(said, 1);
}

}  // namespace
}  // namespace ephemint
