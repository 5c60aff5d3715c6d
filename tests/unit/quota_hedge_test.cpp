#include "support/quota_engine.hpp"
#include "support/quota_strategies.hpp"
#include "support/quota_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

// One reply in a hundred takes 2 s more. Every run gives the same numbers.
namespace ephemint::quota_world {
namespace {

using namespace std::chrono_literals;

struct sums {
  std::size_t logins = 0;
  std::size_t in_time = 0;
  std::size_t sent = 0;
  std::vector<float> latencies;  ///< sorted, seconds

  double success() const { return static_cast<double>(in_time) / static_cast<double>(logins); }
  double percentile(double p) const {
    return latencies[static_cast<std::size_t>(p / 100 * static_cast<double>(latencies.size() - 1))];
  }
};

sums two_hours(double load, ephemint::quota q, bool hedge) {
  sums all;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    scenario s;
    s.quota = static_cast<double>(q.requests());
    s.load.logins_per_second = load * s.quota / 60;
    s.slow.share = 0.01;
    s.length = 30min;
    s.seed = seed;
    const figures f = run(s, engine_driven(q, {.hedge = hedge}));
    all.logins += f.logins;
    all.in_time += f.logins_in_time;
    all.sent += f.sent;
    all.latencies.insert(all.latencies.end(), f.latencies.begin(), f.latencies.end());
  }
  std::ranges::sort(all.latencies);
  return all;
}

struct row {
  ephemint::quota rate;
  double load;        ///< of the quota
  double percentile;  ///< the percentile that is above 2 s without and below 0.5 s with hedging; 0: none
};

// behaviours: HG5
TEST(quota_hedge, slow_replies_are_hidden_while_the_quota_has_room_and_no_login_is_lost_where_it_has_not) {
  const row rows[] = {
      {production_quota, 0.1, 99},
      {production_quota, 0.5, 99},
      {production_quota, 0.9, 0},
      {production_quota, 1.0, 0},
      {ephemint::quota::declared(6'000, 60s), 0.1, 99.9},
  };
  for (const row& r : rows) {
    SCOPED_TRACE(r.load);
    const sums off = two_hours(r.load, r.rate, false);
    const sums on = two_hours(r.load, r.rate, true);
    EXPECT_GE(on.success(), off.success() - 0.001);
    EXPECT_LE(static_cast<double>(on.sent), 1.02 * static_cast<double>(off.sent));
    if (r.percentile == 0) continue;
    EXPECT_GT(off.percentile(r.percentile), 2.0);
    EXPECT_LT(on.percentile(r.percentile), 0.5);
  }
}

}  // namespace
}  // namespace ephemint::quota_world
