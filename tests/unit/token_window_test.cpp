#include "core/mints/token_window.hpp"

#include <gtest/gtest.h>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;

struct row {
  duration min_remaining;
  duration age;
  bool good;
};

// behaviours: I8, C8
TEST(token_window, age_decides_to_the_nanosecond) {
  const row rows[] = {
      {5s, 0s, true},      {5s, 80ms, true},     {5s, 5s, true},        {5s, 5s + 1ns, false},
      {5s, 9900ms, false}, {5s, 11s, false},     {0s, 9900ms, true},    {0s, 10s - 1ns, true},
      {0s, 10s, false},    {0s, 11s, false},     {9900ms, 100ms, true}, {9900ms, 100ms + 1ns, false},
      {0s, 30s, false},    {9900ms, 30s, false},
  };
  const time_point sent{1000s};
  for (const row& r : rows)
    EXPECT_EQ(token_window{r.min_remaining}.good(sent, sent + r.age), r.good)
        << r.min_remaining.count() << " ns must be left at an age of " << r.age.count() << " ns";
}

}  // namespace
}  // namespace ephemint::core
