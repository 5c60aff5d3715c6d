// What is tried again, when, and what never is.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace ephemint::test {
namespace {

struct row {
  answer what;
  bool retried;
  mint_errc code;
};

// behaviours: R2, R8, R12
TEST(engine_retry, answers_decide_what_is_tried_again) {
  const row rows[] = {
      {answer::rate_limited, true, mint_errc::rate_limited},
      {answer::throttled, true, mint_errc::rate_limited},
      {answer::server_error, true, mint_errc::server_error},
      {answer::key_refused, false, mint_errc::unauthorized},
      {answer::rejected, false, mint_errc::rejected},
      {answer::malformed, false, mint_errc::bad_response},
  };
  for (const row& r : rows) {
    SCOPED_TRACE(static_cast<int>(r.what));
    for (const int attempts : {1, 3}) {
      core::engine_settings s;
      s.retry.max_attempts = attempts;
      engine_run run{s};
      run.requests = [&](const request&) { return answered(r.what); };
      const int c = run.submit("a");
      run.run_to_rest();
      EXPECT_TRUE(run.at(c).failed(r.code));
      EXPECT_EQ(run.at(c).end.why, core::outcome::cause::said);
      EXPECT_EQ(run.at(c).requests, r.retried ? attempts : 1);
      EXPECT_EQ(run.at(c).end.attempts, run.at(c).requests);
    }
  }
}

TEST(engine_retry, silence_ends_the_attempt_and_its_connection) {
  engine_run run;
  run.next_requests = {silent()};
  const int c = run.submit("a");
  run.run_for(2029ms);
  EXPECT_EQ(run.connections(), 1u);
  run.run_for(1ms);
  EXPECT_EQ(run.connections(), 0u);
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).requests, 2);
  EXPECT_EQ(run.permits().used[permit_use::unknown], 1u);
}

// behaviours: S7
TEST(engine_retry, silence_to_the_last_attempt_is_a_timeout) {
  engine_run run;
  run.requests = [](const request&) { return silent(); };
  const int c = run.submit_patient("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::timed_out));
  EXPECT_EQ(run.at(c).requests, 3);
}

// behaviours: I4, R7
TEST(engine_retry, outage_spends_the_budget_and_no_more) {
  engine_run run;
  run.requests = [](const request&) { return answered(answer::server_error); };
  for (int i = 0; i < 1'000; ++i) {
    run.submit(std::to_string(i));
    run.run_for(100ms);
  }
  run.run_for(10s);
  EXPECT_EQ(run.sent().size(), 1'000u + 500 / 14);
  run.requests = {};
  for (int i = 0; i < 14; ++i) run.submit("a");
  run.run_for(10s);
  run.next_requests = {answered(answer::server_error)};
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted()) << "successes have refilled it";
}

// behaviours: R7
TEST(engine_retry, retry_that_has_no_permit_in_time_spends_no_budget) {
  core::engine_settings s;
  s.retry.budget = 500;
  engine_run run{s};
  run.requests = [](const request&) { return answered(answer::rate_limited); };
  for (int i = 0; i < 200; ++i) {
    run.submit("a", 5s);
    run.run_for(50ms);
    run.governor().not_before = run.now() + 60s;
    run.run_for(61s);
    ASSERT_EQ(run.count().requests, static_cast<std::uint64_t>(i) + 1);
  }
  run.requests = {};
  run.next_requests = {answered(answer::rate_limited)};
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted()) << "no retry was made yet, so the budget is whole";
}

// behaviours: C5
TEST(engine_retry, retry_without_a_permit_in_time_fails_now_and_says_when) {
  engine_run run;
  run.requests = [](const request&) { return answered(answer::rate_limited, 20s); };
  const int c = run.submit("a", 8s);
  run.run_for(50ms);
  run.governor().not_before = run.now() + 20s;
  run.run_for(100ms);
  EXPECT_TRUE(run.at(c).failed(mint_errc::rate_limited));
  EXPECT_EQ(run.at(c).end.retry_at, run.governor().not_before);
  run.run_to_rest();
}

// behaviours: R3
TEST(engine_retry, carriers_limit_is_no_limit_of_the_key) {
  engine_run run;
  run.next_requests = {answered(answer::throttled, 3s)};
  const int c = run.submit("a");
  run.run_for(1s);
  const int other = run.submit("b");
  run.run_for(500ms);
  EXPECT_TRUE(run.at(other).minted());
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.permits().used[permit_use::rate_limited], 0u);
  EXPECT_EQ(run.permits().used[permit_use::admitted], 3u);
}

const answer that_may_be_tried_again[] = {answer::throttled, answer::elsewhere, answer::server_error};

// behaviours: R13
TEST(engine_retry, wait_that_the_server_asks_for_is_a_floor_for_that_mint_alone) {
  for (const answer what : that_may_be_tried_again) {
    engine_run run;
    run.next_requests = {answered(what, 2s), minted(), answered(what, 3s)};
    const int asked = run.submit("a");
    run.run_for(500ms);
    const int other = run.submit("b");
    run.run_to_rest();
    ASSERT_TRUE(run.at(asked).minted());
    ASSERT_TRUE(run.at(other).minted());
    EXPECT_EQ(run.count().rate_limited, 0u);
    EXPECT_FALSE(run.permits().misplaced_wait);
    ASSERT_EQ(run.sent().size(), 4u);
    EXPECT_EQ(run.sent()[1].account, "b") << "the key isn't paused";
    EXPECT_LE(run.sent()[1].sent_at, run.at(other).submitted + 30ms) << "no later than a dial takes";
    const auto heard = [&](int of) { return run.sent()[static_cast<std::size_t>(of)].sent_at + 80ms; };
    EXPECT_GE(run.sent()[2].sent_at, heard(0) + 2s);
    EXPECT_LE(run.sent()[2].sent_at, heard(0) + 2s + 1s) << "no later than that and the longest back-off";
    EXPECT_EQ(run.sent()[2].account, "a");
    EXPECT_GE(run.sent()[3].sent_at, heard(2) + 3s);
  }
}

// behaviours: R13
TEST(engine_retry, shorter_wait_than_our_own_back_off_changes_nothing) {
  engine_run run;
  run.next_requests = {answered(answer::server_error, 0s)};
  run.submit("a");
  run.run_to_rest();
  ASSERT_EQ(run.sent().size(), 2u);
  EXPECT_GE(run.sent()[1].sent_at - run.sent()[0].sent_at, 80ms + 25ms);
}

// behaviours: R13
TEST(engine_retry, wait_beyond_the_deadline_ends_it_now_and_says_when) {
  for (const answer what : that_may_be_tried_again) {
    for (const core::duration wait : {7'900ms, 20'000ms}) {
      engine_run run;
      run.next_requests = {answered(what, wait)};
      const int c = run.submit("a", 8s);
      run.run_for(200ms);
      ASSERT_TRUE(run.at(c).ended);
      EXPECT_FALSE(run.at(c).minted());
      EXPECT_EQ(run.at(c).end.why, core::outcome::cause::said);
      EXPECT_EQ(run.at(c).end.retry_at, run.at(c).ended_at + wait);
      EXPECT_EQ(run.at(c).requests, 1);
      run.run_to_rest();
    }
  }
}

// behaviours: R13
TEST(engine_retry, last_attempt_says_when_too) {
  core::engine_settings s;
  s.retry.max_attempts = 1;
  for (const answer what : that_may_be_tried_again) {
    engine_run run{s};
    run.next_requests = {answered(what, 2s)};
    const int c = run.submit("a");
    run.run_to_rest();
    EXPECT_FALSE(run.at(c).minted());
    EXPECT_EQ(run.at(c).end.retry_at, run.at(c).ended_at + 2s);
  }
}

// behaviours: R13, R14
TEST(engine_retry, server_that_says_no_time_leaves_none_in_the_error) {
  for (const answer what : that_may_be_tried_again) {
    engine_run run;
    run.requests = [what](const request&) { return answered(what); };
    const int c = run.submit("a");
    run.run_to_rest();
    EXPECT_TRUE(run.at(c).ended && !run.at(c).minted());
    EXPECT_EQ(run.at(c).end.retry_at, core::never);
    EXPECT_EQ(run.at(c).requests, 3);
  }
}

// behaviours: R15
TEST(engine_retry, reply_about_its_connection_is_tried_again_on_another) {
  engine_run run;
  run.requests = [](const request&) { return answered(answer::elsewhere); };
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::server_error));
  EXPECT_EQ(run.at(c).end.attempts, 3) << "counted";
  std::set<core::link_id> used;
  for (const request& r : run.sent()) used.insert(r.connection);
  EXPECT_EQ(used.size(), 3u);
}

// behaviours: R15
TEST(engine_retry, reply_about_its_connection_says_nothing_of_the_key) {
  engine_run run;
  run.refuse_key();
  run.run_for(5s);
  run.next_requests = {answered(answer::elsewhere), answered(answer::key_refused)};
  const int probe = run.submit("a");
  run.run_for(1s);
  EXPECT_TRUE(run.at(probe).failed(mint_errc::unauthorized));
  EXPECT_TRUE(run.at(run.submit("b")).failed(mint_errc::unauthorized)) << "the gate didn't open";
  run.run_to_rest();
  EXPECT_EQ(run.sent().size(), 2u);
}

// behaviours: R15
TEST(engine_retry, reply_about_its_connection_lets_others_on_it_end) {
  engine_run run;
  run.dials = [](std::size_t) { return dial_plan{.capacity = 2, .shared = true}; };
  run.next_requests = {answered(answer::elsewhere), minted(300ms)};
  const int moved = run.submit("a");
  const int stays = run.submit("b");
  run.run_to_rest();
  EXPECT_TRUE(run.at(moved).minted());
  EXPECT_TRUE(run.at(stays).minted());
  EXPECT_EQ(run.at(stays).requests, 1);
  ASSERT_EQ(run.sent().size(), 3u);
  EXPECT_NE(run.sent()[2].connection, run.sent()[0].connection);
}

// behaviours: R8
TEST(engine_retry, refused_key_costs_ten_thousand_accounts_a_handful_of_requests) {
  core::engine_settings s;
  s.max_queued = 20'000;
  engine_run run{s, make_rate_governor(production_quota, quota_scope::per_api_key, 1)};
  run.requests = [](const request&) { return answered(answer::key_refused); };
  for (int i = 0; i < 10'000; ++i) run.submit_patient(std::to_string(i));
  run.run_for(10s);
  for (const auto& c : run.calls()) ASSERT_TRUE(c.failed(mint_errc::unauthorized));
  EXPECT_LE(run.sent().size(), 8u + 5u) << "what was out, and five probes";
  run.run_to_rest();
}

// behaviours: R8
TEST(engine_retry, refused_key_dials_for_nobody) {
  engine_run run;
  run.refuse_key();
  const core::time_point retry_at = run.now() + 5s;
  const int c = run.submit_patient("a");
  EXPECT_TRUE(run.at(c).failed(mint_errc::unauthorized));
  EXPECT_EQ(run.at(c).end.retry_at, retry_at);
  EXPECT_EQ(run.dialled(), 0u);
  EXPECT_TRUE(run.at(run.submit("a", 1s)).failed(mint_errc::unauthorized))
      << "told as that, not as the quota";
  run.run_for(5s);
  const int d = run.submit_patient("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(d).minted());
}

// A request that was never sent is sent again over the link that it has: there may be no new one.
TEST(engine_retry, mint_that_could_not_leave_goes_again_where_no_other_link_may_stand) {
  engine_run run{connections(1)};
  run.dials = [](std::size_t) { return dial_plan{.capacity = 2, .shared = true}; };
  run.submit("first");
  run.run_for(1s);
  request_plan stays = unsent();
  stays.ends_its_link = false;
  run.next_requests = {stays};
  const int c = run.submit("a");
  run.run_for(1s);
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.dialled(), 1u);
  run.run_to_rest();
}

}  // namespace
}  // namespace ephemint::test
