#include "support/quota_strategies.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

// The server's count must keep the quota, although the client can't see where a delay occurs.
namespace ephemint::quota_world {
namespace {

using namespace std::chrono_literals;

struct told {
  std::uint32_t quota;
  std::chrono::seconds window;
};

/// Logins at twice the quota, sent as fast as allowed.
scenario saturated(const told& t, delays d) {
  scenario s;
  s.quota = t.quota;
  s.window = t.window;
  s.delay = d;
  s.length = 10 * t.window + 1min;
  s.load.logins_per_second = 2.0 * t.quota / std::chrono::duration<double>(t.window).count();
  s.load.deadline = 8s;
  return s;
}

std::size_t most_counted(const scenario& s, ephemint::quota q) {
  std::size_t most = 0;
  for (const process_figures& p : run(s, engine_driven(q)).each) most = std::max(most, p.most_counted);
  return most;
}

// behaviours: R17
TEST(quota_network, no_window_of_the_servers_holds_more_than_the_quota_wherever_the_delay_lies) {
  for (const delays d : all_delays())
    for (const told& t : {told{15, 6s}, told{60, 6s}, told{200, 60s}})
      for (const algorithm how : {algorithm::sliding_log, algorithm::fixed_window}) {
        scenario s = saturated(t, d);
        s.rules = {how, false, retry_header::exact};
        for (s.seed = 1; s.seed <= 5; ++s.seed)
          EXPECT_LE(most_counted(s, ephemint::quota::declared(t.quota, t.window)), t.quota)
              << name_of(d) << ", " << name_of(how) << ", seed " << s.seed;
      }
}

// behaviours: R17
TEST(quota_network, server_that_counts_a_sliding_window_refuses_nobody) {
  for (const delays d : all_delays()) {
    scenario s = saturated({15, 6s}, d);
    for (s.seed = 1; s.seed <= 5; ++s.seed)
      EXPECT_EQ(run(s, engine_driven(ephemint::quota::declared(15, 6s))).refused, 0u) << name_of(d);
  }
}

// The world itself.

TEST(quota_network, legs_repeat_for_their_seed_and_none_is_negative) {
  for (const delays d : all_delays()) {
    core::splitmix one{1};
    core::splitmix other{1};
    for (time_point at{1000s}; at < time_point{1020s}; at += 7ms) {
      const legs a = legs_of(d, at, one);
      const legs b = legs_of(d, at, other);
      EXPECT_EQ(a.there, b.there);
      EXPECT_EQ(a.back, b.back);
      EXPECT_GE(a.there, 0ms);
      EXPECT_GE(a.back, 0ms);
    }
  }
}

}  // namespace
}  // namespace ephemint::quota_world
