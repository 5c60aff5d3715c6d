#include "bench/common/histogram.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>

namespace ephemint::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using testing::HasSubstr;

histogram of(std::initializer_list<microseconds> values) {
  histogram h;
  for (const microseconds v : values) h.record(v);
  return h;
}

TEST(histogram, empty_one_says_zero) {
  const histogram h;
  EXPECT_EQ(h.count(), 0u);
  EXPECT_EQ(h.min(), 0us);
  EXPECT_EQ(h.max(), 0us);
  EXPECT_EQ(h.percentile(99), 0us);
  EXPECT_EQ(h.mean_us(), 0);
  EXPECT_EQ(h.deviation_us(), 0);
}

TEST(histogram, microseconds_below_two_milliseconds_are_exact) {
  histogram h;
  for (int i = 1; i <= 2000; ++i) h.record(microseconds{i});
  EXPECT_EQ(h.percentile(0), 1us);
  EXPECT_EQ(h.percentile(50), 1000us);
  EXPECT_EQ(h.percentile(99.9), 1998us);
  EXPECT_EQ(h.percentile(100), 2000us);
  EXPECT_DOUBLE_EQ(h.mean_us(), 1000.5);
}

TEST(histogram, a_share_that_is_a_whole_number_asks_for_no_more) {
  histogram h;
  for (int i = 1; i <= 1000; ++i) h.record(microseconds{i});
  EXPECT_EQ(h.percentile(99.9), 999us);
  EXPECT_EQ(h.percentile(29), 290us);
}

TEST(histogram, three_digits_hold_over_the_whole_range) {
  for (microseconds value = 1us; value <= histogram::longest; value = value * 3 / 2 + 1us) {
    histogram h;
    h.record(value);
    h.record(histogram::longest);  // so that the maximum doesn't cut the cell
    const auto seen = h.percentile(50);
    EXPECT_GE(seen, value);
    EXPECT_LE(static_cast<double>((seen - value).count()), 0.001 * static_cast<double>(value.count()));
  }
}

TEST(histogram, extremes_are_as_recorded) {
  const histogram h = of({1'234'567us, 7'654'321us});
  EXPECT_EQ(h.min(), 1'234'567us);
  EXPECT_EQ(h.max(), 7'654'321us);
  EXPECT_EQ(h.percentile(100), 7'654'321us);
}

TEST(histogram, values_out_of_range_count_as_the_nearest_within) {
  histogram h;
  h.record(-5us);
  h.record(2h);
  EXPECT_EQ(h.count(), 2u);
  EXPECT_EQ(h.min(), 0us);
  EXPECT_EQ(h.max(), histogram::longest);
}

TEST(histogram, parts_of_a_microsecond_are_dropped) {
  histogram h;
  h.record(1999ns);
  EXPECT_EQ(h.max(), 1us);
}

TEST(histogram, merged_ones_are_as_if_recorded_in_one) {
  std::mt19937_64 random{1};
  std::lognormal_distribution<double> values{8, 2};
  histogram left, right, both;
  for (int i = 0; i < 10'000; ++i) {
    const microseconds v{static_cast<microseconds::rep>(values(random))};
    (i % 3 == 0 ? left : right).record(v);
    both.record(v);
  }
  left.merge(right);
  EXPECT_EQ(left.count(), both.count());
  EXPECT_EQ(left.min(), both.min());
  EXPECT_EQ(left.max(), both.max());
  EXPECT_NEAR(left.mean_us(), both.mean_us(), 1e-6 * both.mean_us());
  EXPECT_EQ(left.percentile_text(), both.percentile_text());
}

TEST(histogram, count_below_leaves_out_the_limit_itself) {
  const histogram h = of({10us, 20us, 20us, 30us});
  EXPECT_EQ(h.count_below(0us), 0u);
  EXPECT_EQ(h.count_below(20us), 1u);
  EXPECT_EQ(h.count_below(21us), 3u);
  EXPECT_EQ(h.count_below(2h), 4u);
}

TEST(histogram, deviation_is_that_of_the_population) {
  EXPECT_NEAR(of({2us, 4us, 4us, 4us, 5us, 5us, 7us, 9us}).deviation_us(), 2.0, 1e-9);
}

TEST(histogram, text_is_that_of_hdr_histogram) {
  histogram h;
  for (int i = 1; i <= 1000; ++i) h.record(microseconds{i});
  const std::string text = h.percentile_text();
  EXPECT_TRUE(text.starts_with("       Value     Percentile TotalCount 1/(1-Percentile)\n\n")) << text;
  EXPECT_THAT(text, HasSubstr("\n       0.001 0.000000000000          1           1.00\n"));
  EXPECT_THAT(text, HasSubstr("\n       0.500 0.500000000000        500           2.00\n"));
  EXPECT_THAT(text, HasSubstr("\n       0.750 0.750000000000        750           4.00\n"));
  EXPECT_THAT(text, HasSubstr("\n       1.000 1.000000000000       1000            inf\n"));
  EXPECT_THAT(text, HasSubstr("#[Mean    =        0.500, StdDeviation   =        0.289]\n"));
  EXPECT_THAT(text, HasSubstr("#[Max     =        1.000, Total count    =         1000]\n"));
}

TEST(histogram, text_of_an_empty_one_has_its_foot) {
  EXPECT_THAT(histogram{}.percentile_text(), HasSubstr("Total count    =            0]\n"));
}

}  // namespace
}  // namespace ephemint::bench
