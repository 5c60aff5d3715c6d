#include "support/quota_cases.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

// Refused accounts and revoked keys, over many seeds.
namespace ephemint::quota_world {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t accounts = 1500;

scenario batch_of_accounts(double share, std::size_t run) {
  scenario s;
  s.load.batch = accounts;
  s.refused.share = share;
  s.refused.run = run;
  return s;
}

// behaviours: R8
TEST(quota_refusals, no_good_account_of_a_batch_is_lost_to_the_refused_ones) {
  const double without = run(batch_of_accounts(0, 0), engine_driven(production_quota)).length;
  for (const double share : {0.1, 0.3, 0.6})
    for (const std::size_t together : {0, 10, 50, 100})
      for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        scenario s = batch_of_accounts(share, together);
        s.seed = seed;
        const figures f = run(s, engine_driven(production_quota));
        EXPECT_EQ(f.each[0].good_lost, 0u) << share << " in runs of " << together << ", seed " << seed;
        EXPECT_EQ(f.each[0].minted + f.each[0].unauthorized, accounts) << "each costs one request";
        if (together <= 50) {
          EXPECT_LE(f.length, without * 1.05) << share << " in runs of " << together << ", seed " << seed;
        }
      }
}

/// The key is revoked after five minutes of a batch and logins.
process_figures revoked_for(duration span, std::uint64_t seed) {
  scenario s;
  s.load.batch = workload::endless;
  s.load.logins_per_second = 1.0;
  s.refused.revoked_at = 5min;
  s.refused.restored_at = 5min + span;
  s.length = 10min + span;
  s.seed = seed;
  return run(s, engine_driven(production_quota)).each[0];
}

// behaviours: R8
TEST(quota_refusals, revoked_key_costs_a_minutes_requests_at_most_and_is_found_good_again) {
  struct row {
    duration span;
    std::size_t most_requests;
    duration found_within;
  };
  for (const row& r :
       {row{10s, 45, 1s}, row{30s, 64 + 20, 2s}, row{1min, 64 + 50, 2s}, row{10min, 64 + 60 + 110, 6s}})
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const process_figures f = revoked_for(r.span, seed);
      EXPECT_LE(f.unauthorized, r.most_requests) << r.span / 1s << " s, seed " << seed;
      ASSERT_TRUE(f.minted_again_after);
      EXPECT_LE(*f.minted_again_after, r.found_within) << r.span / 1s << " s, seed " << seed;
    }
}

// behaviours: R8
TEST(quota_refusals, key_that_never_worked_costs_a_handful_of_requests) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    scenario s = batch_of_accounts(0, 0);
    s.refused.revoked_at = 0s;
    s.length = 20s;
    s.seed = seed;
    const process_figures f = run(s, engine_driven(production_quota)).each[0];
    EXPECT_LE(f.unauthorized, 13u + 2u) << "and a probe each 5 s";
    EXPECT_EQ(f.minted, 0u);
  }
}

}  // namespace
}  // namespace ephemint::quota_world
