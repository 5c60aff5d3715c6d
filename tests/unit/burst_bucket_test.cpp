#include "core/quota/burst_bucket.hpp"

#include <gtest/gtest.h>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;
using at = clock::time_point;

constexpr double rate = 2.0;  // a second

TEST(burst_bucket, gives_its_size_at_once_then_one_an_interval) {
  burst_bucket bucket;
  const at start{10s};
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(bucket.earliest(start, rate, 5, 0), start) << i;
    bucket.take(start, rate);
  }
  const at next = bucket.earliest(start, rate, 5, 0);
  EXPECT_GT(next, start + 499ms);
  EXPECT_LT(next, start + 501ms);
  EXPECT_EQ(bucket.earliest(next, rate, 5, 0), next) << "who asks at the time that was given isn't early";
}

TEST(burst_bucket, ahead_counts_as_taken) {
  burst_bucket bucket;
  const at start{10s};
  EXPECT_EQ(bucket.earliest(start, rate, 3, 2), start);
  EXPECT_NEAR(std::chrono::duration<double>(bucket.earliest(start, rate, 3, 7) - start).count(), 2.5, 1e-6);
}

TEST(burst_bucket, idle_time_doesnt_save_more_than_the_size) {
  burst_bucket bucket;
  bucket.take(at{1s}, rate);
  EXPECT_EQ(bucket.debt(at{1h}, rate), 0.0);
}

TEST(burst_bucket, one_debt_serves_every_size) {
  burst_bucket bucket;
  for (int i = 0; i < 4; ++i) bucket.take(at{1s}, rate);
  EXPECT_EQ(bucket.earliest(at{1s}, rate, 10, 0), at{1s});
  EXPECT_GT(bucket.earliest(at{1s}, rate, 1.5, 0), at{2s});
}

TEST(burst_bucket, put_back_is_as_if_not_taken) {
  burst_bucket bucket;
  bucket.take(at{1s}, rate);
  bucket.put_back();
  EXPECT_EQ(bucket.debt(at{1s}, rate), 0.0);
  bucket.put_back();
  EXPECT_EQ(bucket.debt(at{1s}, rate), 0.0);
}

TEST(burst_bucket, clock_that_steps_back_gives_nothing) {
  burst_bucket bucket;
  bucket.take(at{2s}, rate);
  EXPECT_EQ(bucket.debt(at{1s}, rate), 1.0);
  bucket.take(at{1s}, rate);
  EXPECT_EQ(bucket.debt(at{2s}, rate), 2.0);
}

}  // namespace
}  // namespace ephemint::core
