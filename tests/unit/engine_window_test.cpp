// The ten seconds: no token that is too old reaches anybody.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

namespace ephemint::test {
namespace {

/// Attempts may take longer than the token lives.
core::engine_settings slow_server(core::duration min_remaining) {
  core::engine_settings s;
  s.attempt_timeout = 20s;
  s.min_remaining = min_remaining;
  return s;
}

// behaviours: C8, I8
TEST(engine_window, token_that_took_too_long_is_minted_again) {
  for (const auto age : {9900ms, 11'000ms}) {
    engine_run run{slow_server(5s)};
    run.next_requests = {minted(age)};
    const int c = run.submit("a", 30s);
    run.run_to_rest();
    EXPECT_TRUE(run.at(c).minted());
    EXPECT_EQ(run.at(c).requests, 2);
    EXPECT_EQ(run.at(c).ended_at - run.at(c).submitted, 30ms + age + 80ms) << "at once";
    EXPECT_EQ(run.count().expired, 1u);
  }
}

// behaviours: C8, I8
TEST(engine_window, token_is_handed_over_with_exactly_what_must_be_left) {
  for (const auto late : {0ns, 1ns}) {
    engine_run run{slow_server(5s)};
    run.next_requests = {minted(5s + late)};
    const int c = run.submit("a", 30s);
    run.run_to_rest();
    EXPECT_EQ(run.at(c).requests, late > 0ns ? 2 : 1);
  }
}

// behaviours: C8
TEST(engine_window, old_token_without_time_for_another_is_a_timeout) {
  engine_run run{slow_server(5s)};
  run.requests = [](const request&) { return minted(9900ms); };
  const int c = run.submit("a", 9950ms);
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::timed_out));
}

// behaviours: C8, R12
TEST(engine_window, old_tokens_use_up_the_attempts) {
  engine_run run{slow_server(5s)};
  run.requests = [](const request&) { return minted(6s); };
  const int c = run.submit_patient("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::timed_out));
  EXPECT_EQ(run.at(c).requests, 3);
}

// behaviours: C9
TEST(engine_window, token_that_waited_in_a_stopped_process_isnt_delivered) {
  engine_run run;
  const int patient = run.submit_patient("a");
  const int login = run.submit("b", 8s);
  run.run_for(50ms);
  ASSERT_EQ(run.sent().size(), 2u);
  run.sleep(30s);
  run.run_to_rest();
  EXPECT_TRUE(run.at(patient).minted());
  EXPECT_EQ(run.at(patient).requests, 2);
  EXPECT_TRUE(run.at(login).failed(mint_errc::timed_out));
}

// behaviours: C9, C5
TEST(engine_window, stopped_process_doesnt_spoil_what_a_reply_is_thought_to_take) {
  engine_run run;
  run.submit("a");
  run.run_for(50ms);
  run.sleep(10min);
  run.run_for(1s);
  run.governor().not_before = run.now() + 1s;
  const int login = run.submit("a", 5s);
  EXPECT_FALSE(run.at(login).ended) << "there is time enough";
  run.run_to_rest();
  EXPECT_TRUE(run.at(login).minted());
}

}  // namespace
}  // namespace ephemint::test
