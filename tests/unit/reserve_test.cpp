#include "core/quota/reserve.hpp"

#include <gtest/gtest.h>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;

TEST(foreground_reserve, is_nothing_without_a_foreground) {
  foreground_reserve reserve;
  EXPECT_EQ(reserve.permits(at{1s}, 200), 0);
}

TEST(foreground_reserve, follows_the_rate_and_is_at_most_half) {
  foreground_reserve calm;
  foreground_reserve busy;
  for (int i = 0; i < 200; ++i) {
    calm.on_foreground(at{i * 1s});
    for (int k = 0; k < 1000; ++k) busy.on_foreground(at{i * 1s});
  }
  EXPECT_GT(calm.permits(at{200s}, 200), 0.5);
  EXPECT_LT(calm.permits(at{200s}, 200), 10.0);
  EXPECT_EQ(busy.permits(at{200s}, 200), 100.0);
  EXPECT_EQ(calm.permits(at{1h}, 200), 0) << "a foreground that went home keeps nothing";
}

}  // namespace
}  // namespace ephemint::core
