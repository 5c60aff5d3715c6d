#include "core/attempts/retry_policy.hpp"

#include <gtest/gtest.h>

#include <set>

namespace ephemint::core {
namespace {

using namespace std::chrono_literals;

constexpr time_point now{1000s};

retry_policy make(retry_policy::settings s = {}) { return {s, splitmix{7}}; }

struct row {
  trouble what;
  int attempts;
  duration at_least;
  duration at_most;
};

TEST(retry_policy, backoff_doubles_and_half_of_it_is_jitter) {
  const row rows[] = {
      {trouble::rate_limited, 1, 0s, 0s},       {trouble::rate_limited, 9, 0s, 0s},
      {trouble::too_late, 1, 0s, 0s},           {trouble::transport, 1, 25ms, 50ms},
      {trouble::transport, 2, 50ms, 100ms},     {trouble::transport, 5, 400ms, 800ms},
      {trouble::server_error, 3, 100ms, 200ms}, {trouble::timed_out, 3, 100ms, 200ms},
      {trouble::throttled, 1, 500ms, 1s},       {trouble::throttled, 3, 2s, 4s},
      {trouble::transport, 40, 10s, 20s},       {trouble::transport, 0, 25ms, 50ms},
  };
  retry_policy retry = make({.max_attempts = 100, .budget = 1'000'000});
  for (const row& r : rows) {
    std::set<duration> waits;
    for (int i = 0; i < 50; ++i) {
      const auto when = retry.next_attempt(now, r.what, r.attempts, never);
      ASSERT_TRUE(when);
      waits.insert(*when - now);
    }
    EXPECT_GE(*waits.begin(), r.at_least) << static_cast<int>(r.what) << " after " << r.attempts;
    EXPECT_LE(*waits.rbegin(), r.at_most) << static_cast<int>(r.what) << " after " << r.attempts;
    EXPECT_TRUE(r.at_most == 0s || waits.size() > 40) << "callers that failed together come back apart";
  }
}

// behaviours: R13
TEST(retry_policy, floor_is_never_undercut_and_callers_come_a_little_apart) {
  retry_policy retry = make({.max_attempts = 100, .budget = 1'000'000});
  std::set<time_point> times;
  for (int i = 0; i < 50; ++i)
    times.insert(*retry.next_attempt(now, trouble::server_error, 1, never, now + 2s));
  EXPECT_GE(*times.begin(), now + 2s);
  EXPECT_LE(*times.rbegin(), now + 2s + 50ms);
  EXPECT_GT(times.size(), 40u);
  EXPECT_EQ(*retry.next_attempt(now, trouble::too_late, 1, never, now - 1s), now);
  EXPECT_FALSE(retry.next_attempt(now, trouble::server_error, 1, now + 1s, now + 2s)) << "past the deadline";
}

// behaviours: R12
TEST(retry_policy, attempts_are_bounded) {
  retry_policy retry = make({.max_attempts = 3});
  EXPECT_TRUE(retry.next_attempt(now, trouble::transport, 1, never));
  EXPECT_TRUE(retry.next_attempt(now, trouble::transport, 2, never));
  EXPECT_FALSE(retry.next_attempt(now, trouble::transport, 3, never));
  EXPECT_FALSE(make({.max_attempts = 1}).next_attempt(now, trouble::rate_limited, 1, never));
}

TEST(retry_policy, attempt_past_the_deadline_is_refused_and_costs_nothing) {
  retry_policy retry = make();
  EXPECT_FALSE(retry.next_attempt(now, trouble::rate_limited, 1, now)) << "no wait, but no time either";
  EXPECT_FALSE(retry.next_attempt(now, trouble::transport, 1, now + 25ms));
  EXPECT_EQ(retry.budget(), 500);
  EXPECT_TRUE(retry.next_attempt(now, trouble::transport, 1, now + 51ms));
  EXPECT_EQ(retry.budget(), 486);
}

// behaviours: R7
TEST(retry_policy, spent_budget_refuses_and_successes_refill_it) {
  retry_policy retry = make();
  int granted = 0;
  while (retry.next_attempt(now, trouble::server_error, 1, never)) ++granted;
  EXPECT_EQ(granted, 500 / 14);
  EXPECT_TRUE(retry.next_attempt(now, trouble::rate_limited, 1, never)) << "cheaper ones still fit";
  EXPECT_EQ(retry.budget(), 500 - 35 * 14 - 5);
  for (int i = 0; i < 9; ++i) retry.succeeded();
  EXPECT_TRUE(retry.next_attempt(now, trouble::server_error, 1, never));
  for (int i = 0; i < 10'000; ++i) retry.succeeded();
  EXPECT_EQ(retry.budget(), 500) << "never more than the whole";
}

// behaviours: R7
TEST(retry_policy, budget_of_nothing_is_no_retries) {
  retry_policy retry = make({.budget = 0});
  for (const auto what : {trouble::rate_limited, trouble::throttled, trouble::transport, trouble::too_late})
    EXPECT_FALSE(retry.next_attempt(now, what, 1, never));
  retry.succeeded();
  EXPECT_EQ(retry.budget(), 0);
}

}  // namespace
}  // namespace ephemint::core
