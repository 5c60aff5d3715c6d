// Which connections are kept: idle times, age, and their ends.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace ephemint::test {
namespace {

/// Makes so many idle connections.
void warm(engine_run& run, std::size_t connections) {
  run.warm_up(connections);
  run.run_for(200ms);
  ASSERT_EQ(run.count().connections, connections);
}

// behaviours: Q3
TEST(engine_pool, freed_lane_goes_to_a_waiter_before_a_late_comer) {
  engine_run run{connections(1)};
  run.submit("a");
  run.run_for(50ms);
  run.submit("b", 7s);
  run.run_for(10ms);
  run.submit("c", 7s);
  run.run_to_rest();
  ASSERT_EQ(run.sent().size(), 3u);
  EXPECT_EQ(run.sent()[1].account, "b");
}

TEST(engine_pool, steady_traffic_of_one_at_a_time_keeps_one_connection) {
  engine_run run;
  for (int i = 0; i < 200; ++i) {
    run.submit("a");
    run.run_for(1s);
  }
  EXPECT_EQ(run.dialled(), 1u);
  run.run_to_rest();
}

// behaviours: Q2
TEST(engine_pool, idle_lane_used_last_is_used_next_and_the_rest_run_out) {
  engine_run run{connections(4)};
  warm(run, 4);
  std::set<std::uint32_t> used;
  for (int i = 0; i < 40; ++i) {
    run.submit("a");
    run.run_for(1s);
    used.insert(run.sent().back().connection);
  }
  EXPECT_EQ(used.size(), 1u);
  EXPECT_EQ(run.connections(), 1u);
  EXPECT_EQ(run.closed(), 3u);
  run.run_to_rest();
}

// behaviours: S8
TEST(engine_pool, connection_that_idled_through_a_suspend_isnt_used) {
  engine_run run;
  warm(run, 2);
  run.sleep(10min);
  run.submit("a");
  EXPECT_EQ(run.sent().size(), 0u);
  EXPECT_EQ(run.closed(), 2u);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 1u);
}

// behaviours: S11
TEST(engine_pool, servers_keep_alive_ends_rest_a_second_before) {
  engine_run run;
  run.next_requests = {{.reply = {.what = answer::minted, .keep_alive = 5s}}};
  run.submit("a");
  run.run_for(110ms);
  run.run_for(4s - 1ns);
  EXPECT_EQ(run.connections(), 1u);
  run.run_for(1ns);
  EXPECT_EQ(run.connections(), 0u);
  run.run_to_rest();
}

// behaviours: S11
TEST(engine_pool, connection_that_the_server_keeps_for_a_second_isnt_pooled) {
  for (const auto kept : {1s, 0s}) {
    engine_run run;
    run.next_requests = {{.reply = {.what = answer::minted, .keep_alive = kept}}};
    run.submit("a");
    run.run_for(110ms);
    EXPECT_EQ(run.connections(), 0u);
    run.run_to_rest();
  }
}

// behaviours: S11
TEST(engine_pool, servers_keep_alive_doesnt_prolong_ours) {
  engine_run run;
  run.next_requests = {{.reply = {.what = answer::minted, .keep_alive = 3600s}}};
  run.submit("a");
  run.run_for(110ms + 30s);
  EXPECT_EQ(run.connections(), 0u);
  run.run_to_rest();
}

TEST(engine_pool, connection_that_isnt_reusable_is_replaced) {
  engine_run run{connections(1)};
  run.requests = [](const request&) {
    return request_plan{.reply = {.what = answer::minted, .reusable = false}};
  };
  for (int i = 0; i < 5; ++i) run.submit("a");
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 5u);
  EXPECT_EQ(run.dialled(), 5u);
  EXPECT_EQ(run.closed(), 0u) << "they ended by themselves";
}

// behaviours: Q5
TEST(engine_pool, age_ends_a_busy_connection_after_its_reply) {
  auto s = connections(1);
  s.links.max_age = 10s;
  s.attempt_timeout = 20s;
  engine_run run{s};
  run.requests = [](const request&) { return minted(4s); };
  for (int i = 0; i < 6; ++i) run.submit("a", 60s);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 6u);
  EXPECT_EQ(run.dialled(), 2u);
  for (const auto& r : run.sent()) EXPECT_LE(r.on_link, 3u);
}

// behaviours: Q5
TEST(engine_pool, connections_dialled_together_end_apart) {
  auto s = connections(4);
  s.links.max_age = 10s;
  engine_run run{s};
  warm(run, 4);
  std::set<core::time_point> ends;
  for (std::size_t left = 4; left > 0;) {
    run.run_for(10ms);
    if (run.connections() == left) continue;
    left = run.connections();
    ends.insert(run.now());
    EXPECT_GE(run.elapsed(), 8s);
    EXPECT_LE(run.elapsed(), 13s);
  }
  EXPECT_GE(ends.size(), 3u);
  run.run_to_rest();
}

// behaviours: Q6
TEST(engine_pool, engine_that_never_worked_arms_nothing) {
  engine_run run;
  run.tick();
  run.cancel(run.submit("a", -1s));
  EXPECT_FALSE(run.armed());
}

// behaviours: Q6
TEST(engine_pool, engine_at_rest_is_woken_a_handful_of_times_and_then_never) {
  engine_run run;
  for (int i = 0; i < 50; ++i) run.submit(std::to_string(i));
  run.run_to_rest();
  EXPECT_FALSE(run.armed());
  EXPECT_LE(run.ticks(), 10u);
}

}  // namespace
}  // namespace ephemint::test
