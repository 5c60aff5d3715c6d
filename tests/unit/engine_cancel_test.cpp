// Callers who cancel, and clients that close.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ephemint::test {
namespace {

core::engine_settings one_connection() {
  core::engine_settings s;
  s.links.max_connections = 1;
  return s;
}

// behaviours: C1
TEST(engine_cancel, queued_mint_is_cancelled) {
  engine_run run{one_connection()};
  run.submit("a");
  run.run_for(50ms);
  const int c = run.submit("b");
  run.cancel(c);
  EXPECT_TRUE(run.at(c).failed(mint_errc::cancelled));
  EXPECT_EQ(run.count().queued, 0u);
  run.run_to_rest();
  EXPECT_EQ(run.at(c).requests, 0);
}

// behaviours: C1
TEST(engine_cancel, only_waiter_for_a_dial_is_cancelled) {
  engine_run run;
  run.cancel(run.submit("a"));
  run.run_for(1min);
  EXPECT_EQ(run.connections(), 0u) << "it joined the pool and idled away";
  EXPECT_EQ(run.permits().granted, 0u);
  run.run_to_rest();
}

// behaviours: C1
TEST(engine_cancel, cancelled_waiters_arent_dialled_for) {
  engine_run run;
  run.governor().not_before = run.now() + 5s;
  for (int i = 0; i < 10; ++i) run.cancel(run.submit(std::to_string(i)));
  run.run_to_rest();
  EXPECT_EQ(run.dialled(), 0u);
}

// behaviours: C2
TEST(engine_cancel, place_of_a_cancelled_waiter_goes_to_the_next) {
  engine_run run{one_connection()};
  run.submit("a");
  run.run_for(110ms - 1ns);
  const int b = run.submit("b", 5s);
  const int c = run.submit("c", 6s);
  run.cancel(b);  // at the instant before the link is free
  run.run_for(1ns);
  EXPECT_EQ(run.sent().back().call, c);
  run.cancel(c);  // at the instant after it was handed over
  const int d = run.submit("d", 6s);
  run.run_for(200ms);
  EXPECT_TRUE(run.at(d).minted());
  EXPECT_EQ(run.dialled(), 1u);
  run.run_to_rest();
}

TEST(engine_cancel, mint_is_cancelled_twice_or_after_its_end) {
  engine_run run;
  const int a = run.submit("a");
  run.cancel(a);
  run.cancel(a);
  const int b = run.submit("b");
  run.cancel(a);
  EXPECT_FALSE(run.at(b).ended);
  run.run_to_rest();
  run.cancel(b);
  EXPECT_TRUE(run.at(b).minted());
}

TEST(engine_cancel, mint_that_was_never_submitted_is_none) {
  engine_run run;
  core::mint m;
  run.engine().on_cancel(run.now(), m);
  EXPECT_FALSE(run.engine().next());
}

// behaviours: C3
TEST(engine_cancel, reply_of_a_cancelled_request_is_drained_and_its_link_used_again) {
  engine_run run{one_connection()};
  const int a = run.submit("a");
  run.run_for(50ms);
  run.cancel(a);
  const int b = run.submit("b");
  EXPECT_EQ(run.count().in_flight, 0u);
  run.run_to_rest();
  EXPECT_TRUE(run.at(a).failed(mint_errc::cancelled));
  EXPECT_TRUE(run.at(b).minted());
  EXPECT_EQ(run.dialled(), 1u);
  EXPECT_EQ(run.permits().used[permit_use::admitted], 2u) << "the server counted both";
}

// behaviours: C3
TEST(engine_cancel, reply_that_takes_too_long_to_drain_costs_the_connection) {
  engine_run run{one_connection()};
  run.next_requests = {minted(1s)};
  const int a = run.submit("a");
  run.run_for(50ms);
  run.cancel(a);
  run.run_for(249ms);
  EXPECT_EQ(run.connections(), 1u);
  run.run_for(1ms);
  EXPECT_EQ(run.connections(), 0u);
  EXPECT_EQ(run.permits().used[permit_use::unknown], 1u);
  run.run_to_rest();
}

// behaviours: C3
TEST(engine_cancel, request_still_being_written_ends_with_its_connection) {
  engine_run run;
  run.next_requests = {{.ends_when_abandoned = true}};
  const int a = run.submit("a");
  run.run_for(50ms);
  run.cancel(a);
  EXPECT_EQ(run.connections(), 0u);
  EXPECT_EQ(run.permits().used[permit_use::unknown], 1u);
  run.run_to_rest();
}

TEST(engine_cancel, deadline_in_flight_drains_as_a_cancel_does) {
  engine_run run{one_connection()};
  run.next_requests = {minted(1s)};
  const int a = run.submit("a", 900ms);
  run.run_for(900ms);
  EXPECT_TRUE(run.at(a).failed(mint_errc::timed_out));
  EXPECT_EQ(run.connections(), 1u);
  const int b = run.submit("b");
  run.run_to_rest();
  EXPECT_TRUE(run.at(b).minted());
  EXPECT_EQ(run.dialled(), 1u);
}

TEST(engine_cancel, delayed_parked_and_fresh_jobs_are_cancelled) {
  core::engine_settings s;
  s.scope = quota_scope::per_account;
  engine_run run{s};
  run.submit("warm");
  run.run_for(200ms);

  run.next_requests = {answered(answer::throttled)};
  const int delayed = run.submit_patient("a");
  run.run_for(100ms);
  run.governor().account_not_before["b"] = run.now() + 1min;
  const int parked = run.submit_patient("b");
  const int behind = run.submit_patient("b");
  run.next_requests = {lost()};
  const int fresh = run.submit_patient("c");
  run.run_for(80ms);
  EXPECT_EQ(run.count().queued, 4u);
  for (const int c : {delayed, parked, fresh, behind}) {
    run.cancel(c);
    EXPECT_TRUE(run.at(c).failed(mint_errc::cancelled));
  }
  run.run_to_rest();
  EXPECT_EQ(run.sent().size(), 3u);
}

// --- the end ---

TEST(engine_close, close_lets_logins_end_and_takes_no_more) {
  engine_run run{one_connection()};
  const int in_flight = run.submit("a");
  run.run_for(50ms);
  const int waits = run.submit("b");
  const int batch = run.submit_patient("c", priority::background);
  run.close();
  EXPECT_TRUE(run.at(batch).failed(mint_errc::closed)) << "it could wait for ever";
  EXPECT_TRUE(run.at(run.submit("d")).failed(mint_errc::closed));
  EXPECT_FALSE(run.drained());
  run.run_for(1s);
  EXPECT_TRUE(run.at(in_flight).minted());
  EXPECT_TRUE(run.at(waits).minted());
  EXPECT_TRUE(run.drained());
  EXPECT_EQ(run.connections(), 0u);
  run.run_to_rest();
}

TEST(engine_close, idle_client_is_drained_at_once) {
  engine_run run;
  run.warm_up(3);
  run.run_for(1s);
  run.close();
  EXPECT_TRUE(run.drained());
  run.close();
  run.run_to_rest();
}

// behaviours: R9
TEST(engine_close, close_while_a_reply_is_drained_gives_its_permit_back) {
  engine_run run;
  const int a = run.submit("a");
  run.run_for(50ms);
  run.cancel(a);
  run.close();
  EXPECT_TRUE(run.drained());
  EXPECT_EQ(run.permits().outstanding(), 0u);
  run.run_to_rest();
}

TEST(engine_close, close_during_a_warm_up_dials_no_more) {
  engine_run run;
  run.submit("a");
  run.cancel(0);  // leaves a wake-up
  run.warm_up(8);
  run.run_for(10ms);
  run.close();
  EXPECT_TRUE(run.drained());
  run.tick();
  run.warm_up(2);
  run.tick();
  EXPECT_EQ(run.connections(), 0u);
  run.run_to_rest();
}

TEST(engine_close, close_doesnt_wait_for_the_retry_of_a_batch) {
  engine_run run;
  run.next_requests = {answered(answer::rate_limited, 60s)};
  const int batch = run.submit_patient("a", priority::background);
  run.run_for(50ms);
  run.governor().not_before = run.now() + 60s;
  run.close();
  run.run_for(1s);
  EXPECT_TRUE(run.at(batch).ended);
  EXPECT_TRUE(run.drained());
  run.run_to_rest();
}

// behaviours: C7
TEST(engine_close, shutdown_ends_everything_now) {
  engine_run run;
  run.next_requests = {minted(), minted(), minted(), answered(answer::throttled)};
  for (int i = 0; i < 30; ++i) run.submit(std::to_string(i));
  run.run_for(120ms);
  run.cancel(4);
  run.warm_up(8);
  run.shut_down();
  for (const auto& c : run.calls()) EXPECT_TRUE(c.ended);
  EXPECT_EQ(run.connections(), 0u);
  EXPECT_EQ(run.permits().outstanding(), 0u);
  EXPECT_TRUE(run.at(run.submit("late")).failed(mint_errc::closed));
  run.tick();
  EXPECT_EQ(run.connections(), 0u);
  run.run_to_rest();
}

// behaviours: C7, R9
TEST(engine_close, engine_that_goes_with_requests_out_gives_its_permits_back) {
  engine_run run;
  for (int i = 0; i < 5; ++i) run.submit(std::to_string(i));
  run.run_for(50ms);
  run.cancel(0);
  ASSERT_GT(run.permits().outstanding(), 1u);
  run.destroy_engine();
  EXPECT_EQ(run.permits().outstanding(), 0u) << "others share the quota";
}

// The shell performs commands one after the other, and time passes meanwhile.
TEST(engine_close, mint_whose_time_runs_out_between_command_and_write_ends_once) {
  engine_run run;
  run.warm_up(2);
  run.run_for(1s);
  run.governor().not_before = run.now() + 1s;
  const int a = run.submit("a", 5s);
  const int b = run.submit("b", 1200ms);
  run.time_a_command = 300ms;
  run.next_requests = {unsent(), unsent()};
  run.run_for(1s);
  run.time_a_command = 0ms;
  run.run_to_rest();
  EXPECT_TRUE(run.at(a).ended);
  EXPECT_TRUE(run.at(b).ended);
}

// A reply has its account even if nobody waits for it any more, as a quota for each account needs it. (Every
// run of the engine checks that a reply's account is its permit's.)

TEST(engine_cancel, governor_hears_whose_a_cancelled_mints_reply_is) {
  engine_run run;
  const int c = run.submit("cancelled");
  run.run_for(60ms);
  ASSERT_EQ(run.sent().size(), 1u);
  run.cancel(c);
  EXPECT_TRUE(run.at(c).failed(mint_errc::cancelled));
  EXPECT_EQ(run.permits().last_replied_to, "");
  run.run_to_rest();
  EXPECT_EQ(run.permits().last_replied_to, "cancelled");
  EXPECT_EQ(run.permits().used[permit_use::admitted], 1u);
}

TEST(engine_cancel, governor_hears_whose_request_was_never_answered) {
  engine_run run;
  run.next_requests = {silent()};
  const int c = run.submit("silent", 1s);
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::timed_out));
  EXPECT_EQ(run.permits().last_replied_to, "silent");
  EXPECT_EQ(run.permits().used[permit_use::unknown], 1u);
}

TEST(engine_cancel, governor_hears_whose_abandoned_request_was_lost) {
  engine_run run;
  run.next_requests = {lost()};
  const int c = run.submit("lost");
  run.run_for(60ms);
  ASSERT_EQ(run.sent().size(), 1u);
  run.cancel(c);
  run.run_to_rest();
  EXPECT_EQ(run.permits().last_replied_to, "lost");
  EXPECT_EQ(run.permits().used[permit_use::unknown], 1u);
}

TEST(engine_cancel, governor_hears_whose_request_was_out_when_the_client_went) {
  engine_run run;
  const int c = run.submit("closed");
  run.run_for(60ms);
  ASSERT_EQ(run.sent().size(), 1u);
  run.shut_down();
  EXPECT_TRUE(run.at(c).failed(mint_errc::closed));
  run.run_to_rest();
  EXPECT_EQ(run.permits().last_replied_to, "closed");
  EXPECT_EQ(run.permits().used[permit_use::unknown], 1u);
}

}  // namespace
}  // namespace ephemint::test
