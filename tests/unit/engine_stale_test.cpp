// Connections that were lost under a request, and the one transparent retry.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace ephemint::test {
namespace {

/// One idle connection that has served before.
void use_once(engine_run& run) {
  run.submit("first");
  run.run_for(200ms);
  ASSERT_EQ(run.connections(), 1u);
}

// behaviours: S2
TEST(engine_stale, stale_connection_is_replaced_once_at_once_and_unseen) {
  core::engine_settings s;
  s.retry.max_attempts = 1;
  engine_run run{s};
  use_once(run);
  run.next_requests = {lost()};
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).requests, 2);
  EXPECT_EQ(run.at(c).end.attempts, 1) << "a permit, not an attempt";
  EXPECT_EQ(run.sent()[2].on_link, 1u) << "on a fresh connection";
  EXPECT_EQ(run.at(c).ended_at - run.at(c).submitted, 80ms + 30ms + 80ms);
  EXPECT_EQ(run.permits().granted, 3u);
  EXPECT_EQ(run.count().stale_retries, 1u);
}

// behaviours: S2
TEST(engine_stale, second_loss_of_the_same_mint_is_an_attempt) {
  engine_run run;
  use_once(run);
  run.next_requests = {lost(), lost()};
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).requests, 3);
  EXPECT_EQ(run.at(c).end.attempts, 2);
  EXPECT_EQ(run.count().stale_retries, 1u);
}

// behaviours: S3
TEST(engine_stale, loss_of_a_fresh_connection_goes_by_the_policy) {
  core::engine_settings s;
  s.retry.max_attempts = 1;
  engine_run run{s};
  run.next_requests = {lost()};
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::connect_failed));
  EXPECT_EQ(run.at(c).end.why, core::outcome::cause::said);
  EXPECT_EQ(run.at(c).requests, 1);

  engine_run again;
  again.next_requests = {lost()};
  const int d = again.submit("a");
  again.run_to_rest();
  EXPECT_TRUE(again.at(d).minted());
  EXPECT_EQ(again.count().stale_retries, 0u);
  EXPECT_GE(again.sent()[1].sent_at - again.sent()[0].sent_at, 80ms + 25ms) << "after a back-off";
}

// behaviours: S2
TEST(engine_stale, connection_that_idled_before_its_first_request_can_be_stale) {
  core::engine_settings s;
  s.retry.max_attempts = 1;
  engine_run run{s};
  run.warm_up(1);
  run.run_for(5s);
  run.next_requests = {lost()};
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.count().stale_retries, 1u);
}

// behaviours: S4
TEST(engine_stale, loss_after_a_reply_byte_is_no_stale_connection) {
  core::engine_settings s;
  s.retry.max_attempts = 1;
  engine_run run{s};
  use_once(run);
  run.next_requests = {lost(true)};
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::connect_failed));
}

// behaviours: S5, R9
TEST(engine_stale, request_that_never_left_is_sent_again_and_its_permit_comes_back) {
  core::engine_settings s;
  s.retry.max_attempts = 1;
  engine_run run{s};
  use_once(run);
  run.next_requests = {unsent()};
  const int c = run.submit("a");
  EXPECT_EQ(run.permits().given_back, 1u);
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).requests, 1);
}

// behaviours: S5
TEST(engine_stale, requests_that_never_leave_end) {
  engine_run run;
  run.requests = [](const request&) { return unsent(); };
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::connect_failed));
  EXPECT_EQ(run.sent().size(), 0u);
  EXPECT_LE(run.dialled(), 4u);
}

// behaviours: S6
TEST(engine_stale, restarted_server_costs_each_mint_one_stale_connection) {
  engine_run run;
  run.warm_up(8);
  for (int i = 0; i < 8; ++i) run.submit("w" + std::to_string(i));
  run.run_for(1s);
  const auto old = run.connection_ids();
  ASSERT_EQ(old.size(), 8u);
  run.requests = [&](const request& r) {
    return std::count(old.begin(), old.end(), r.connection) > 0 ? lost() : minted();
  };
  const int alone = run.submit("a");
  run.run_for(500ms);
  EXPECT_TRUE(run.at(alone).minted());
  EXPECT_EQ(run.at(alone).requests, 2);
  EXPECT_EQ(run.closed(), 7u) << "the idle ones are as dead";
  for (int i = 0; i < 8; ++i) run.submit(std::to_string(i));
  run.run_to_rest();
  EXPECT_EQ(run.count().stale_retries, 1u);
  EXPECT_EQ(run.count().failed, 0u);
}

// behaviours: S2, R12
TEST(engine_stale, stale_retry_can_be_turned_off) {
  core::engine_settings s;
  s.retry.max_attempts = 1;
  s.retry_stale_connections = false;
  engine_run run{s};
  use_once(run);
  run.next_requests = {lost()};
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::connect_failed));
  EXPECT_EQ(run.at(c).requests, 1);
}

// behaviours: S2
TEST(engine_stale, mint_that_waits_for_a_fresh_connection_isnt_starved_by_others) {
  core::engine_settings s;
  s.links.max_connections = 1;
  engine_run run{s};
  use_once(run);
  run.next_requests = {lost()};
  const int batch = run.submit_patient("batch", priority::background);
  run.run_for(70ms);
  run.governor().urgency_not_before[priority::background] = run.now() + 300ms;
  for (int i = 0; i < 300; ++i) {  // logins use every new connection, and keep it in use
    run.submit("login");
    run.run_for(100ms);
  }
  EXPECT_TRUE(run.at(batch).minted()) << "it waits since " << run.elapsed().count() / 1'000'000'000 << " s";
  run.run_to_rest();
}

// behaviours: S2
TEST(engine_stale, batch_job_that_waits_for_a_fresh_connection_holds_up_no_login) {
  engine_run run;
  use_once(run);
  run.next_requests = {lost()};
  const int batch = run.submit_patient("batch", priority::background);
  run.run_for(70ms);
  run.governor().urgency_not_before[priority::background] = run.now() + 20s;
  run.run_for(20ms);
  const int login = run.submit("login", 5s);
  run.run_for(200ms);
  EXPECT_TRUE(run.at(login).minted());
  run.run_to_rest();
  EXPECT_TRUE(run.at(batch).minted());
}

TEST(engine_stale, permit_that_is_near_causes_one_fresh_connection_not_many) {
  engine_run run;
  use_once(run);
  run.next_requests = {lost()};
  run.submit("a");
  run.governor().not_before = run.now() + 450ms;
  run.run_to_rest();
  EXPECT_EQ(run.dialled(), 2u);
  EXPECT_EQ(run.count().minted, 2u);
}

}  // namespace
}  // namespace ephemint::test
