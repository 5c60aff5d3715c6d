#include "core/quota_learner.hpp"

#include <gtest/gtest.h>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;

TEST(quota_learner, starts_at_the_quota_with_no_burst_bound) {
  quota_learner learner{quota::declared(200, 60s)};
  EXPECT_EQ(learner.limit(), 200);
  EXPECT_GT(learner.burst(), 1e9);
  EXPECT_FALSE(learner.learned_anything());
}

}  // namespace
}  // namespace ephemint::core
