#include "limiter.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace ephemint::sandbox {
namespace {

using namespace std::chrono_literals;

const clock::time_point start{1h};

rate_limit five_a_second(limiter_kind kind) { return {.kind = kind, .requests = 5, .window = 1s}; }

/// Asks at each of these times; `true` for each that is admitted.
std::vector<bool> admitted(limiter& counts, const std::vector<clock::duration>& times) {
  std::vector<bool> answers;
  for (auto t : times) answers.push_back(!counts.ask(start + t, "key", "se-1"));
  return answers;
}

TEST(sandbox_limiter, none_admits_everything) {
  limiter counts{rate_limit{}};
  for (int i = 0; i < 10'000; ++i) ASSERT_FALSE(counts.ask(start, "key", "se-1"));
}

TEST(sandbox_limiter, each_kind_admits_five_at_once_and_not_six) {
  for (auto kind : {limiter_kind::fixed_window, limiter_kind::sliding_window, limiter_kind::token_bucket}) {
    limiter counts{five_a_second(kind)};
    EXPECT_EQ(admitted(counts, {0s, 0s, 0s, 0s, 0s, 0s}), (std::vector{true, true, true, true, true, false}));
  }
}

TEST(sandbox_limiter, fixed_window_opens_with_its_first_request) {
  limiter counts{five_a_second(limiter_kind::fixed_window)};
  EXPECT_EQ(admitted(counts, {0ms, 900ms, 900ms, 900ms, 900ms, 999ms, 1000ms}),
            (std::vector{true, true, true, true, true, false, true}));
}

TEST(sandbox_limiter, fixed_window_lets_twice_the_quota_through_around_its_edge) {
  limiter counts{five_a_second(limiter_kind::fixed_window)};
  EXPECT_EQ(
      admitted(counts, {0ms, 999ms, 999ms, 999ms, 999ms, 1000ms, 1000ms, 1000ms, 1000ms, 1000ms, 1000ms}),
      (std::vector{true, true, true, true, true, true, true, true, true, true, false}));
}

TEST(sandbox_limiter, sliding_window_frees_a_permit_exactly_a_window_after_it_was_used) {
  limiter counts{five_a_second(limiter_kind::sliding_window)};
  EXPECT_EQ(admitted(counts, {0ms, 100ms, 200ms, 300ms, 400ms, 999ms, 1000ms, 1000ms, 1099ms, 1100ms}),
            (std::vector{true, true, true, true, true, false, true, false, false, true}));
}

TEST(sandbox_limiter, bucket_refills_evenly) {
  limiter counts{five_a_second(limiter_kind::token_bucket)};
  EXPECT_EQ(admitted(counts, {0ms, 0ms, 0ms, 0ms, 0ms, 199ms, 200ms, 200ms, 400ms}),
            (std::vector{true, true, true, true, true, false, true, false, true}));
}

TEST(sandbox_limiter, bucket_of_a_burst_of_its_own_is_never_fuller) {
  limiter counts{{.kind = limiter_kind::token_bucket, .requests = 5, .window = 1s, .burst = 2}};
  EXPECT_EQ(admitted(counts, {0s, 0s, 0s, 60s, 60s, 60s}),
            (std::vector{true, true, false, true, true, false}));
}

TEST(sandbox_limiter, wait_is_the_time_to_the_next_permit) {
  struct {
    limiter_kind kind;
    clock::duration wait;
  } const cases[] = {{limiter_kind::fixed_window, 700ms},
                     {limiter_kind::sliding_window, 700ms},
                     {limiter_kind::token_bucket, 100ms}};  // 1.5 of them have come since
  for (const auto& c : cases) {
    limiter counts{five_a_second(c.kind)};
    for (int i = 0; i < 5; ++i) ASSERT_FALSE(counts.ask(start, "key", "a"));
    if (c.kind == limiter_kind::token_bucket) counts.ask(start + 300ms, "key", "a");
    const auto wait = counts.ask(start + 300ms, "key", "a");
    ASSERT_TRUE(wait);
    EXPECT_GE(*wait, c.wait - 1us);
    EXPECT_LE(*wait, c.wait + 1us);
    EXPECT_FALSE(counts.ask(start + 300ms + *wait, "key", "a")) << "the wait was too short";
  }
}

TEST(sandbox_limiter, sliding_window_that_counts_rejected_never_lets_a_hammering_client_in) {
  limiter counts{{.kind = limiter_kind::sliding_window, .requests = 5, .window = 1s, .count_rejected = true}};
  for (int i = 0; i < 5; ++i) ASSERT_FALSE(counts.ask(start, "key", "a"));
  for (auto t = 100ms; t < 10s; t += 100ms) ASSERT_TRUE(counts.ask(start + t, "key", "a")) << t.count();
  EXPECT_FALSE(counts.ask(start + 9900ms + 1s, "key", "a"));
}

TEST(sandbox_limiter, bucket_that_counts_rejected_goes_into_debt_of_one_bucketful) {
  limiter counts{{.kind = limiter_kind::token_bucket, .requests = 5, .window = 1s, .count_rejected = true}};
  for (int i = 0; i < 5; ++i) ASSERT_FALSE(counts.ask(start, "key", "a"));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(counts.ask(start, "key", "a"));
  EXPECT_TRUE(counts.ask(start + 900ms, "key", "a"));  // back to debt 1.5, by this one
  EXPECT_FALSE(counts.ask(start + 900ms + 500ms, "key", "a"));
}

TEST(sandbox_limiter, limit_of_zero_refuses_all_for_a_window) {
  for (auto kind : {limiter_kind::fixed_window, limiter_kind::sliding_window, limiter_kind::token_bucket}) {
    limiter counts{{.kind = kind, .requests = 0, .window = 7s}};
    EXPECT_EQ(counts.ask(start, "key", "a"), std::optional<clock::duration>{7s});
  }
}

TEST(sandbox_limiter, scope_says_what_shares_a_count) {
  limiter by_key{{.kind = limiter_kind::sliding_window, .requests = 1, .window = 1s}};
  EXPECT_FALSE(by_key.ask(start, "key", "a"));
  EXPECT_TRUE(by_key.ask(start, "key", "b"));
  EXPECT_FALSE(by_key.ask(start, "other key", "b"));

  limiter by_account{
      {.kind = limiter_kind::sliding_window, .requests = 1, .window = 1s, .scope = limit_scope::per_account}};
  EXPECT_FALSE(by_account.ask(start, "key", "a"));
  EXPECT_FALSE(by_account.ask(start, "key", "b"));
  EXPECT_TRUE(by_account.ask(start, "key", "a"));
}

TEST(sandbox_limiter, counts_that_are_as_good_as_new_are_dropped) {
  for (auto kind : {limiter_kind::fixed_window, limiter_kind::sliding_window, limiter_kind::token_bucket}) {
    limiter counts{{.kind = kind, .requests = 1, .window = 1s, .scope = limit_scope::per_account}};
    for (int i = 0; i < 100'000; ++i) counts.ask(start + i * 10ms, "key", std::to_string(i));
    EXPECT_LE(counts.size(), 1024U);
  }
}

TEST(sandbox_limiter, retry_after_is_rounded_up_or_missing_or_what_was_asked_for) {
  const rate_limit exact{.kind = limiter_kind::sliding_window};
  EXPECT_EQ(retry_after(exact, 1ms), "1");
  EXPECT_EQ(retry_after(exact, 1000ms), "1");
  EXPECT_EQ(retry_after(exact, 1001ms), "2");
  EXPECT_EQ(retry_after({.retry_after = retry_after_mode::missing}, 1s), std::nullopt);
  EXPECT_EQ(retry_after({.retry_after = retry_after_mode::text, .retry_after_text = "soon"}, 1s), "soon");
}

TEST(sandbox_limiter, limit_is_read_from_text) {
  const rate_limit limit = parse_rate_limit("200/60s", limiter_kind::token_bucket);
  EXPECT_EQ(limit.kind, limiter_kind::token_bucket);
  EXPECT_EQ(limit.requests, 200U);
  EXPECT_EQ(limit.window, 60s);
  EXPECT_EQ(parse_rate_limit("none").kind, limiter_kind::none);
  for (auto text : {"", "200", "200/", "/60s", "200/60", "-1/60s", "200/0s", "200/25h", "2000000/1s",
                    "200/60s ", "1e3/1s"})
    EXPECT_THROW(parse_rate_limit(text), std::invalid_argument) << text;
}

}  // namespace
}  // namespace ephemint::sandbox
