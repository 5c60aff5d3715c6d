#include "core/time.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;

constexpr time_point first = time_point::min();

// behaviours: R4
TEST(time, sums_end_at_the_clocks_ends) {
  EXPECT_EQ(add(time_point{2s}, 3s), time_point{5s});
  EXPECT_EQ(add(time_point{2s}, -3s), time_point{-1s});
  EXPECT_EQ(add(never, 1ns), never);
  EXPECT_EQ(add(never, duration::max()), never);
  EXPECT_EQ(add(never, -1ns), never - 1ns);
  EXPECT_EQ(add(time_point{1s}, duration::max()), never);
  EXPECT_EQ(add(first, -1ns), first);
  EXPECT_EQ(add(time_point{-1s}, duration::min()), first);
  EXPECT_EQ(add(first, duration::max()), time_point{-1ns});
  EXPECT_EQ(sum(duration::max(), 1h), duration::max());
  EXPECT_EQ(sum(duration::min(), -1h), duration::min());
}

TEST(time, spans_between_the_clocks_ends_are_no_longer_than_the_longest) {
  EXPECT_EQ(between(time_point{5s}, time_point{2s}), 3s);
  EXPECT_EQ(between(time_point{2s}, time_point{5s}), -3s);
  EXPECT_EQ(between(never, first), duration::max());
  EXPECT_EQ(between(never, time_point{-1ns}), duration::max());
  EXPECT_EQ(between(first, never), duration::min());
  EXPECT_EQ(between(never, never), 0s);
}

TEST(time, multiples_end_at_the_longest) {
  EXPECT_EQ(times(24h, 3), 72h);
  EXPECT_EQ(times(24h, 0), 0s);
  EXPECT_EQ(times(24h, 200'000), duration::max());
  EXPECT_EQ(times(1ns, std::numeric_limits<duration::rep>::max()), duration::max());
  EXPECT_EQ(times(-24h, 200'000), duration::min());
}

TEST(time, computed_seconds_end_at_the_longest) {
  using seconds = std::chrono::duration<double>;
  EXPECT_EQ(whole(seconds{1.5}), 1500ms);
  EXPECT_EQ(whole(seconds{-0.25}), -250ms);
  EXPECT_EQ(whole(seconds{1e300}), duration::max());
  EXPECT_EQ(whole(seconds{std::numeric_limits<double>::infinity()}), duration::max());
  EXPECT_EQ(whole(seconds{-1e300}), duration::min());
  EXPECT_EQ(whole(seconds{static_cast<double>(duration::max().count()) * 1e-9}), duration::max());
}

}  // namespace
}  // namespace ephemint::core
