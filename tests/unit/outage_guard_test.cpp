#include "core/outage/outage_guard.hpp"

#include <ephemint/rate_governor.hpp>

#include <gtest/gtest.h>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;

void shut(outage_guard& guard, at now) {
  splitmix random{1};
  guard.on_answer(now);
  for (int i = 0; i < 3; ++i)
    guard.on_failure(now, now, outage_gate::a_dial, 0, mint_error{mint_errc::connect_failed}, random);
}

// behaviours: A4
TEST(outage_guard, is_the_one_of_the_governor) {
  const auto shared = make_rate_governor(quota::unlimited());
  const auto other = make_rate_governor(quota::unlimited());
  shut(outage_guard::of(*shared), at{1s});
  EXPECT_TRUE(outage_guard::of(*shared).away());
  EXPECT_TRUE(outage_guard::of(*other).well());
}

// behaviours: A4
TEST(outage_guard, tells_what_the_last_failure_said_while_the_api_is_away) {
  outage_guard guard;
  splitmix random{1};
  EXPECT_FALSE(guard.reported(at{1s}));
  shut(guard, at{1s});
  guard.on_failure(at{5s}, at{4s}, 7, 0, mint_error{mint_errc::timed_out}, random);
  const auto known = guard.reported(at{5s});
  ASSERT_TRUE(known);
  EXPECT_EQ(known->since, at{1s});
  EXPECT_EQ(known->said.value(), mint_errc::timed_out);
  EXPECT_FALSE(guard.reported(at{5s} + 3min)) << "nobody has looked since";
  guard.on_answer(at{6s});
  EXPECT_FALSE(guard.reported(at{6s}));
}

TEST(outage_guard, is_shared_while_more_than_one_uses_it) {
  outage_guard guard;
  EXPECT_FALSE(guard.shared());
  guard.join();
  EXPECT_FALSE(guard.shared());
  guard.join();
  EXPECT_TRUE(guard.shared());
  guard.leave();
  EXPECT_FALSE(guard.shared());
}

}  // namespace
}  // namespace ephemint::core
