// When each mint is sent, and which mints aren't sent at all.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ephemint::test {
namespace {

std::string accounts_in_order(const engine_run& run) {
  std::string order;
  for (const auto& r : run.sent()) order += r.account;
  return order;
}

/// One connection, so that the order of requests is the queue's.
core::engine_settings one_connection() {
  core::engine_settings s;
  s.links.max_connections = 1;
  return s;
}

TEST(engine_queue, mint_is_dialled_for_sent_and_ended) {
  engine_run run;
  const int c = run.submit("a");
  EXPECT_EQ(run.dialling(), 1u);
  run.run_for(109ms);
  EXPECT_FALSE(run.at(c).ended);
  run.run_for(1ms);
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).end.attempts, 1);
  run.run_to_rest();
}

TEST(engine_queue, interactive_goes_before_background_and_early_deadlines_before_late) {
  engine_run run{one_connection()};
  run.submit("a", 1h, priority::background);
  run.submit("b", 8s);
  run.submit("c", 1s, priority::background);
  run.submit("d", 4s);
  run.run_to_rest();
  EXPECT_EQ(accounts_in_order(run), "dbca");
}

// behaviours: Q1
TEST(engine_queue, mint_beyond_the_bound_is_overloaded) {
  core::engine_settings s;
  s.max_queued = 10'000;
  engine_run run{s};
  run.governor().not_before = run.now() + 5s;
  for (int i = 0; i < 10'000; ++i) run.submit(std::to_string(i), 1h);
  const int over = run.submit("over", 1h);
  EXPECT_TRUE(run.at(over).failed(mint_errc::overloaded));
  EXPECT_EQ(run.count().queued, 10'000u);
  run.cancel(77);
  EXPECT_FALSE(run.at(run.submit("again", 1h)).ended) << "there is room once more";
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 10'000u);
}

// behaviours: Q1
TEST(engine_queue, mint_in_flight_doesnt_count_as_queued) {
  auto s = one_connection();
  s.max_queued = 1;
  engine_run run{s};
  run.submit("a");
  run.run_for(50ms);
  ASSERT_EQ(run.count().in_flight, 1u);
  EXPECT_FALSE(run.at(run.submit("b")).ended);
  EXPECT_TRUE(run.at(run.submit("c")).failed(mint_errc::overloaded));
  run.run_to_rest();
}

// behaviours: Q7
TEST(engine_queue, crowd_of_one_account_delays_another_by_one_round) {
  engine_run run{one_connection()};
  for (int i = 0; i < 2'000; ++i) run.submit("h", 1h);
  run.run_for(1s);
  const std::size_t before = run.sent().size();
  const int single = run.submit_patient("s");
  run.run_for(300ms);
  EXPECT_TRUE(run.at(single).minted());
  EXPECT_LE(run.sent().size() - before, 4u);
  run.run_to_rest();
}

TEST(engine_queue, login_is_served_though_its_account_has_a_batch_waiting) {
  engine_run run{one_connection()};
  run.governor().pace = 300ms;
  for (int i = 0; i < 300; ++i) run.submit_patient(std::to_string(i));
  run.run_for(1s);
  const int login = run.submit("250", 8s);
  run.run_to_rest();
  EXPECT_TRUE(run.at(login).minted());
}

// behaviours: C4
TEST(engine_queue, mint_whose_deadline_is_past_touches_nothing) {
  engine_run run;
  for (const auto patience : {0ms, -1ms, -10'000ms}) {
    const int c = run.submit("a", patience);
    EXPECT_TRUE(run.at(c).failed(mint_errc::timed_out));
  }
  EXPECT_EQ(run.permits().asked, 0u);
  EXPECT_EQ(run.dialled(), 0u);
  EXPECT_FALSE(run.armed());
}

// behaviours: C5
TEST(engine_queue, mint_without_a_permit_before_its_deadline_fails_at_once) {
  engine_run run;
  const auto permit_at = run.now() + 9s;
  run.governor().not_before = permit_at;
  const int hopeless = run.submit("a", 8s);
  EXPECT_TRUE(run.at(hopeless).failed(mint_errc::rate_limited));
  EXPECT_EQ(run.at(hopeless).end.retry_at, permit_at) << "says when a new try is worth it";
  EXPECT_EQ(run.dialled(), 0u);
  const int hopeful = run.submit("a", 10s);
  EXPECT_FALSE(run.at(hopeful).ended);
  run.run_to_rest();
  EXPECT_TRUE(run.at(hopeful).minted());
}

// behaviours: C5
TEST(engine_queue, hopeless_mint_fails_at_once_though_no_lane_is_free_to_ask_for) {
  engine_run run{one_connection()};
  run.requests = [](const request&) { return minted(2s); };
  run.submit("a");
  run.run_for(50ms);
  run.governor().not_before = run.now() + 9s;
  EXPECT_TRUE(run.at(run.submit("b", 8s)).failed(mint_errc::rate_limited));
  run.run_to_rest();
}

// behaviours: C5
TEST(engine_queue, pause_that_begins_ends_whoever_cant_outlast_it) {
  engine_run run{one_connection()};
  run.submit("a", 30s);
  run.run_for(50ms);
  const int soon = run.submit("b", 5s);
  const int patient = run.submit("c", 30s);
  const int batch = run.submit_patient("d", priority::background);
  run.governor().not_before = run.now() + 10s;
  run.run_for(60ms);
  EXPECT_TRUE(run.at(soon).failed(mint_errc::rate_limited));
  EXPECT_EQ(run.at(soon).end.retry_at, run.governor().not_before);
  EXPECT_FALSE(run.at(patient).ended);
  run.run_to_rest();
  EXPECT_TRUE(run.at(patient).minted());
  EXPECT_TRUE(run.at(batch).minted());
}

// behaviours: C5
TEST(engine_queue, background_without_permits_fails_no_login) {
  engine_run run{one_connection()};
  run.submit("a");
  run.run_to_rest(29s);
  run.take_problem();
  run.governor().urgency_not_before[priority::background] = run.now() + 20s;
  const int batch = run.submit_patient("b", priority::background);
  run.run_for(10ms);
  const int login = run.submit("a", 5s);
  run.run_for(1s);
  EXPECT_TRUE(run.at(login).minted());
  run.run_to_rest();
  EXPECT_TRUE(run.at(batch).minted());
}

// behaviours: C5
TEST(engine_queue, background_without_permits_fails_no_login_that_waits_for_its_retry) {
  engine_run run{one_connection()};
  run.next_requests = {answered(answer::throttled)};
  const int login = run.submit("a", 5s);
  const int batch = run.submit_patient("b", priority::background);
  run.run_for(100ms);
  run.governor().urgency_not_before[priority::background] = run.now() + 20s;
  run.run_for(4s);
  EXPECT_TRUE(run.at(login).minted());
  run.run_to_rest();
  EXPECT_TRUE(run.at(batch).minted());
}

TEST(engine_queue, queued_mint_ends_at_its_deadline) {
  engine_run run{one_connection()};
  run.requests = [](const request&) { return minted(1500ms); };
  run.submit("a", 8s);
  const int c = run.submit("b", 1s);
  const int d = run.submit("c", 1s);
  run.run_for(1s - 1ns);
  EXPECT_FALSE(run.at(d).ended);
  run.run_for(1ns);
  EXPECT_TRUE(run.at(c).failed(mint_errc::timed_out));
  EXPECT_TRUE(run.at(d).failed(mint_errc::timed_out));
  run.run_to_rest();
}

// behaviours: Q6
TEST(engine_queue, waiting_for_a_far_permit_is_one_wake_up) {
  engine_run run;
  run.governor().not_before = run.now() + 1h;
  for (int i = 0; i < 100; ++i) run.submit_patient(std::to_string(i));
  EXPECT_EQ(run.dialled(), 0u) << "a connection would be old by then";
  run.run_for(59min);
  EXPECT_LE(run.ticks(), 2u);
  EXPECT_EQ(run.dialled(), 0u);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 100u);
}

core::engine_settings per_account() {
  core::engine_settings s;
  s.scope = quota_scope::per_account;
  return s;
}

// behaviours: R10
TEST(engine_queue, exhausted_account_holds_up_nobody_else) {
  engine_run run{per_account()};
  run.submit("warm");
  run.run_for(1s);
  run.governor().account_not_before["a"] = run.now() + 20s;
  const int waits = run.submit_patient("a");
  const int behind = run.submit_patient("b");
  run.run_for(200ms);
  EXPECT_TRUE(run.at(behind).minted());
  const int goes = run.submit("c", 5s);
  run.run_for(1s);
  EXPECT_TRUE(run.at(goes).minted());
  EXPECT_FALSE(run.at(waits).ended);
  run.run_to_rest();
  EXPECT_TRUE(run.at(waits).minted());
  EXPECT_LT(run.at(waits).ended_at - run.at(waits).submitted, 21s);
}

// behaviours: R10
TEST(engine_queue, exhausted_account_holds_up_nobody_while_no_connection_stands) {
  engine_run run{per_account()};
  run.governor().account_not_before["a"] = run.now() + 20s;
  const int waits = run.submit_patient("a");
  const int behind = run.submit_patient("b");
  run.run_for(1s);
  EXPECT_TRUE(run.at(behind).minted());
  run.run_to_rest();
  EXPECT_TRUE(run.at(waits).minted());
  EXPECT_LT(run.at(waits).ended_at - run.at(waits).submitted, 21s);
}

// behaviours: R10
TEST(engine_queue, limit_of_an_account_whose_connection_was_stale_ends_no_other) {
  engine_run run{per_account()};
  run.submit("a");
  run.run_for(1s);
  const int waits = run.submit("a", 60s);  // on a reused connection, which is lost
  run.lose(run.connection_ids().front());
  run.governor().account_not_before["a"] = run.now() + 20s;
  const int goes = run.submit("b", 5s);
  run.run_for(1s);
  EXPECT_TRUE(run.at(goes).minted());
  run.run_to_rest();
  EXPECT_TRUE(run.at(waits).minted());
}

// behaviours: R10, C5
TEST(engine_queue, other_accounts_in_line_dont_count_against_an_account) {
  core::engine_settings s = per_account();
  engine_run run{s, make_rate_governor(quota::declared(5, 60s), quota_scope::per_account, 1)};
  run.submit("a");
  run.run_for(1s);
  run.requests = [](const request&) { return minted(1s); };
  for (int i = 0; i < 100; ++i) run.submit(std::to_string(i), 60s);
  const int c = run.submit("a", 30s);
  EXPECT_FALSE(run.at(c).ended) << "it has four permits left";
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
}

// behaviours: R10, C5
TEST(engine_queue, account_whose_permit_comes_too_late_fails_alone) {
  engine_run run{per_account()};
  run.submit("warm");
  run.run_for(1s);
  run.requests = [](const request&) { return minted(500ms); };
  for (int i = 0; i < 8; ++i) run.submit("x" + std::to_string(i), 5s);
  const int fails = run.submit("a", 5s);
  const int goes = run.submit("b", 5s);
  run.governor().account_not_before["a"] = run.now() + 20s;
  run.run_to_rest();
  EXPECT_TRUE(run.at(fails).failed(mint_errc::rate_limited));
  EXPECT_TRUE(run.at(goes).minted());
}

TEST(engine_queue, background_mints_are_counted_apart_while_they_wait) {
  engine_run run{one_connection()};
  const auto waiting = [&] { return std::pair{run.count().queued, run.count().queued_background}; };
  using counted = std::pair<std::uint64_t, std::uint64_t>;
  run.submit("a", 1h, priority::background);
  EXPECT_EQ(waiting(), (counted{1, 1}));
  run.submit("b");
  run.submit("b", 1h, priority::background);
  const int cancelled = run.submit("c", 1h, priority::background);
  EXPECT_EQ(waiting(), (counted{4, 3}));
  run.cancel(cancelled);
  EXPECT_EQ(waiting(), (counted{3, 2}));
  while (run.count().in_flight == 0) run.run_for(1ms);
  EXPECT_EQ(waiting(), (counted{2, 2})) << "the login has left";
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 3u);
  EXPECT_EQ(waiting(), (counted{0, 0}));
}

TEST(engine_queue, background_mint_that_is_tried_again_waits_once_more) {
  engine_run run{one_connection()};
  run.next_requests = {answered(core::reply_facts::answer::server_error)};
  run.submit("a", 1h, priority::background);
  while (run.sent().empty()) run.run_for(1ms);
  EXPECT_EQ(run.count().queued_background, 0u);
  while (run.count().in_flight > 0) run.run_for(1ms);
  EXPECT_EQ(run.count().queued_background, 1u);
  run.run_to_rest();
}

}  // namespace
}  // namespace ephemint::test
