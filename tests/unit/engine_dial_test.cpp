// When a connection is dialled, and what follows if that fails.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

// behaviours: Q3
TEST(engine_dial, burst_on_an_empty_pool_dials_four_at_once_and_all_are_served) {
  engine_run run{connections(8)};
  for (int i = 0; i < 100; ++i) run.submit(std::to_string(i));
  EXPECT_EQ(run.dialling(), 4u);
  run.run_for(30ms);
  EXPECT_EQ(run.count().in_flight, 4u);
  EXPECT_EQ(run.dialling(), 4u);
  run.run_for(60s);
  EXPECT_EQ(run.count().minted, 100u);
  EXPECT_EQ(run.dialled(), 8u);
  run.run_to_rest();
}

// behaviours: Q3
TEST(engine_dial, no_more_is_dialled_than_wait) {
  engine_run run;
  run.submit("a");
  run.submit("b");
  EXPECT_EQ(run.dialling(), 2u);
  run.run_to_rest();
  EXPECT_EQ(run.dialled(), 2u);
}

// behaviours: Q4
TEST(engine_dial, dial_that_fails_while_a_connection_lives_fails_nobody) {
  engine_run run{connections(2)};
  run.requests = [](const request&) { return minted(500ms); };
  run.next_dials = {dial_plan{}};
  run.dials = [](std::size_t) { return refused_dial(); };
  for (int i = 0; i < 6; ++i) run.submit("a");
  run.run_for(10s);
  EXPECT_EQ(run.count().minted, 6u);
  EXPECT_GT(run.count().failed_dials, 2u);
  EXPECT_LT(run.count().failed_dials, 12u) << "backs off";
  run.run_to_rest();
}

// behaviours: Q4, N1
TEST(engine_dial, waiters_end_together_when_no_dial_succeeds) {
  engine_run run;
  run.dials = [](std::size_t) { return refused_dial(); };
  for (int i = 0; i < 100; ++i) run.submit(std::to_string(i));
  run.run_for(1s);
  for (const auto& c : run.calls()) {
    ASSERT_TRUE(c.failed(mint_errc::connect_failed));
    EXPECT_EQ(c.ended_at, run.at(0).ended_at);
    EXPECT_EQ(c.end.why, core::outcome::cause::said);
    EXPECT_EQ(c.end.retry_at, core::never) << "the back-off says nothing of the server";
  }
  EXPECT_LE(run.dialled(), 8u) << "no storm";
  run.run_to_rest();
}

// behaviours: Q4
TEST(engine_dial, burst_survives_a_moment_without_a_server) {
  engine_run run;
  run.next_dials = {refused_dial(), refused_dial(), refused_dial(), refused_dial(), refused_dial()};
  for (int i = 0; i < 20; ++i) run.submit(std::to_string(i));
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 20u) << "dials that fail together are one failure";
}

// behaviours: Q4
TEST(engine_dial, single_waiter_gets_its_attempts_at_dialling) {
  engine_run run;
  run.dials = [](std::size_t) { return refused_dial(); };
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::connect_failed));
  EXPECT_EQ(run.dialled(), 3u);
  EXPECT_EQ(run.at(c).end.attempts, 3);
}

// behaviours: Q4
TEST(engine_dial, dial_that_cant_succeed_is_tried_once) {
  engine_run run;
  run.dials = [](std::size_t) { return refused_dial(false); };
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::tls_failed));
  EXPECT_EQ(run.at(c).end.retry_at, core::never) << "to give up, not to come again";
  EXPECT_EQ(run.dialled(), 1u);
}

// behaviours: Q4, N1
TEST(engine_dial, steady_callers_of_a_dead_server_cause_no_storm_of_dials) {
  engine_run run;
  run.dials = [](std::size_t) { return refused_dial(); };
  for (int i = 0; i < 6'000; ++i) {
    run.submit("a");
    run.run_for(10ms);
  }
  EXPECT_LT(run.dialled(), 90u) << "a minute at some 1.5 s a dial, and the way there";
  run.dials = {};
  run.run_for(2s);
  const int c = run.submit("a");
  run.run_for(3s);
  EXPECT_TRUE(run.at(c).minted());
  run.run_to_rest();
}

// --- the resolver remembers that it doesn't know the name

// behaviours: N10
TEST(engine_dial, failed_look_up_costs_nobody_who_can_wait_for_the_next_one) {
  engine_run run;
  run.next_dials = {unknown_name(100ms), unknown_name(100ms), unknown_name(100ms), unknown_name(100ms)};
  for (int i = 0; i < 20; ++i) run.submit(std::to_string(i));
  run.run_for(31ms);
  EXPECT_EQ(run.dialled(), 4u);
  run.run_for(98ms);
  EXPECT_EQ(run.dialled(), 4u) << "what is remembered isn't asked for";
  run.run_for(1ms);
  EXPECT_EQ(run.dialled(), 5u);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 20u);
}

// behaviours: N10
TEST(engine_dial, attempts_are_spent_on_look_ups_not_on_what_is_remembered_of_them) {
  engine_run run;
  run.next_dials = {unknown_name(2s), unknown_name(2s)};
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.dialled(), 3u);
  EXPECT_GE(run.sent()[0].sent_at - run.at(c).submitted, 4s);
}

// behaviours: N10
TEST(engine_dial, nobody_is_told_to_come_again_before_the_next_look_up) {
  struct failed_look_up {
    core::time_point at, remembered_until;
  };
  std::vector<failed_look_up> failures;
  engine_run run;
  run.dials = [&](std::size_t) {
    const auto remembered =
        std::min<core::duration>(100ms * (1 << std::min<std::size_t>(failures.size(), 6)), 5s);
    const dial_plan plan = unknown_name(remembered);
    failures.push_back({run.now() + plan.takes, run.now() + plan.takes + remembered});
    return plan;
  };
  for (int i = 0; i < 3'000; ++i) {
    run.submit("a", i % 2 == 0 ? 8s : 100ms);
    run.run_for(10ms);
  }
  run.run_to_rest();
  for (const auto& c : run.calls()) {
    ASSERT_TRUE(c.failed(mint_errc::connect_failed) || c.end.retry_at == core::never);  // a dial hung on
    for (const auto& failure : failures)
      ASSERT_TRUE(failure.at > c.ended_at || c.end.retry_at >= failure.remembered_until);
  }
  EXPECT_LT(failures.size(), 20u) << "no storm";
}

// behaviours: N10
TEST(engine_dial, who_cannot_wait_for_the_next_look_up_hears_so_at_once_and_when_it_is) {
  engine_run run;
  run.next_dials = {unknown_name(5s)};
  const int first = run.submit("a", 8s);
  run.run_for(30ms);
  const auto next_look_up = run.now() + 5s;
  const int hurried = run.submit("b", 2s);
  const int patient = run.submit("c", 6s);
  EXPECT_TRUE(run.at(hurried).failed(mint_errc::connect_failed));
  EXPECT_EQ(run.at(hurried).end.retry_at, next_look_up);
  run.run_to_rest();
  EXPECT_TRUE(run.at(first).minted());
  EXPECT_TRUE(run.at(patient).minted());
  EXPECT_EQ(run.dialled(), 2u + 1u);
}

// behaviours: N10
TEST(engine_dial, failed_look_up_ends_nobody_while_a_link_stands) {
  engine_run run;
  run.submit("a");
  run.run_for(1s);
  run.requests = [](const request&) { return minted(500ms); };
  run.dials = [](std::size_t) { return unknown_name(5s); };
  for (int i = 0; i < 3; ++i) run.submit("b", 2s);
  run.run_for(3s);
  EXPECT_EQ(run.count().minted, 4u);
  run.run_to_rest();
}

TEST(engine_dial, dial_comes_half_a_second_before_its_permit) {
  engine_run run;
  run.governor().not_before = run.now() + 3s;
  const int c = run.submit("a");
  run.run_for(2499ms);
  EXPECT_EQ(run.dialled(), 0u);
  run.run_for(1ms);
  EXPECT_EQ(run.dialled(), 1u);
  run.run_for(581ms);
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.sent()[0].sent_at, run.governor().not_before) << "a connection stood ready";
  run.run_to_rest();
}

TEST(engine_dial, dials_are_no_more_than_permits_are_near) {
  engine_run run;
  run.governor().pace = 1s;
  for (int i = 0; i < 20; ++i) run.submit(std::to_string(i), 1h);
  run.run_for(20s);
  EXPECT_EQ(run.count().minted, 20u);
  EXPECT_LE(run.dialled(), 2u);
  run.run_to_rest();
}

// behaviours: Q4, N1
TEST(engine_dial, connection_that_is_closed_before_its_first_use_is_a_failed_dial) {
  engine_run run;
  run.governor().not_before = run.now() + 400ms;
  const int c = run.submit("a");
  for (int i = 0; i < 400; ++i) {  // whatever connects is lost at once
    run.run_for(1ms);
    for (const auto id : run.connection_ids()) run.lose(id);
  }
  EXPECT_TRUE(run.at(c).failed(mint_errc::connect_failed));
  EXPECT_EQ(run.dialled(), 3u);
  run.run_to_rest();
}

}  // namespace
}  // namespace ephemint::test
