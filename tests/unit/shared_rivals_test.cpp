#include "support/quota_central.hpp"
#include "support/quota_engine.hpp"
#include "support/quota_strategies.hpp"
#include "support/shared_cases.hpp"

#include <gtest/gtest.h>

// Other ways of sharing a quota, in the world in which ours is tested: if they did well here, the world would
// be wrong.
namespace ephemint::quota_world {
namespace {

using namespace std::chrono_literals;
using namespace shared_cases;
using ephemint::quota;

const quota whole_quota = quota::declared(200, 60s);

TEST(shared_rivals, equal_parts_are_exact_and_waste_what_a_part_doesnt_use) {
  const auto parts = engine_driven(quota::declared(50, 60s));
  const scenario even = batches({4, 200});
  const figures all = run(even, parts);
  EXPECT_EQ(all.refused, 0u);
  EXPECT_LE(all.most_counted, 200u);
  EXPECT_GE(use_after_first_window(even, all), 0.99);
  const scenario uneven = batch_beside_logins({4, 200});
  EXPECT_LT(use_after_first_window(uneven, run(uneven, parts)), 0.65);
}

TEST(shared_rivals, log_of_permits_given_is_over_the_quota_where_it_is_used) {
  const scenario s = batches({4, 200});
  const figures f = run(s, call_a_mint({central_rules::count::sliding_log}, whole_quota));
  EXPECT_GT(f.refused, 0u);
  EXPECT_GT(f.most_counted, 200u);
  EXPECT_GT(f.commands_a_mint(), 1.0);
}

TEST(shared_rivals, bucket_with_the_quotas_burst_lets_twice_the_quota_through) {
  const scenario s = login_bursts({4, 200});
  const scenario full = batches({4, 200});
  const auto gcra = call_a_mint({central_rules::count::gcra, 200}, whole_quota);
  EXPECT_EQ(run(s, gcra).refused, 0u);
  EXPECT_GT(run(full, gcra).refused, 0u);
}

TEST(shared_rivals, bucket_without_a_burst_is_exact_and_lets_logins_wait_behind_a_batch) {
  const scenario s = batch_beside_logins({4, 200});
  const figures f = run(s, call_a_mint({central_rules::count::gcra, 1}, whole_quota));
  EXPECT_EQ(f.refused, 0u);
  EXPECT_GT(f.wait(0.5), 0.2);
}

TEST(shared_rivals, process_that_crashes_takes_its_part_along) {
  const scenario s = with_crash(batches({4, 200}), 5min);
  const figures f = run(s, engine_driven(quota::declared(50, 60s)));
  EXPECT_LT(f.use(7min, s.length, 200.0 / 60), 0.8);
}

TEST(shared_rivals, store_that_is_away_stops_a_call_a_mint_or_opens_the_gates) {
  const scenario s = with_outage(batches({4, 200}), {5min, 30s, store_outage::kind::frozen});
  central_rules rules{central_rules::count::sliding_log};
  const auto during = [&](bool open) {
    rules.open_when_lost = open;
    return run(s, call_a_mint(rules, whole_quota));
  };
  EXPECT_EQ(during(false).use(302s, 328s, 200.0 / 60), 0.0);
  EXPECT_GT(during(true).use(302s, 328s, 200.0 / 60), 0.5);
}

}  // namespace
}  // namespace ephemint::quota_world
