#include "support/quota_engine.hpp"
#include "support/quota_strategies.hpp"
#include "support/quota_world.hpp"

#include <gtest/gtest.h>

#include <array>

// The table of docs/guide/hedging.md: one reply in a hundred takes 2 s more. Every run gives the same numbers.
namespace ephemint::quota_world {
namespace {

using namespace std::chrono_literals;

struct sums {
  std::size_t logins = 0, in_time = 0, sent = 0, refused = 0;
  std::vector<float> latencies;

  double success() const { return static_cast<double>(in_time) / static_cast<double>(logins); }
  double percentile(double p) {
    std::ranges::sort(latencies);
    return latencies[static_cast<std::size_t>(p / 100 * static_cast<double>(latencies.size() - 1))];
  }
};

sums hours(double load, ephemint::quota q, bool hedge, double slow_share = 0.01) {
  sums all;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    scenario s;
    s.quota = static_cast<double>(q.requests());
    s.load.logins_per_second = load * s.quota / 60;
    s.load.deadline = 5s;
    s.slow.share = slow_share;
    s.length = 30min;
    s.seed = seed;
    const figures f = run(s, engine_driven(q, {.hedge = hedge}));
    all.logins += f.logins;
    all.in_time += f.logins_in_time;
    all.sent += f.sent;
    all.refused += f.refused;
    all.latencies.insert(all.latencies.end(), f.latencies.begin(), f.latencies.end());
  }
  return all;
}

// behaviours: HG5
TEST(quota_hedge, logins_are_served_sooner_and_none_is_lost) {
  for (const ephemint::quota q : {production_quota, ephemint::quota::declared(6'000, 60s)})
    for (const double load : {0.1, 0.5, 0.9, 1.0, 1.5}) {
      sums off = hours(load, q, false);
      sums on = hours(load, q, true);
      const double more = static_cast<double>(on.sent) / static_cast<double>(off.sent) - 1;
      printf("%lu/min %.1f: in time %.4f -> %.4f, p99 %.3f -> %.3f, p99.9 %.3f -> %.3f, sent %zu %+.2f %%, refused %zu %zu\n",
             (unsigned long)q.requests(), load, off.success(), on.success(), off.percentile(99), on.percentile(99),
             off.percentile(99.9), on.percentile(99.9), off.sent, 100 * more, off.refused, on.refused);
    }
}

}  // namespace
}  // namespace ephemint::quota_world
