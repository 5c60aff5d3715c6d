// When the engine says that a warm-up is over.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>

namespace ephemint::test {
namespace {

/// A dial to a server that hasn't completed the handshake yet when the client has. It says that it has after
/// `settles_after`, or never.
dial_plan settling(core::duration takes, std::optional<core::duration> settles_after) {
  return {.takes = takes, .settling = true, .settles_after = settles_after};
}

/// How long a warm-up for `mints` mints takes.
core::duration time_of_warm_up(engine_run& run, std::size_t mints) {
  const auto w = run.warm_up(mints);
  const auto begin = run.now();
  while (!run.warm_ups()[w].over) run.run_for(1ms);
  EXPECT_FALSE(run.warm_ups()[w].failed);
  return run.now() - begin;
}

TEST(engine_warm_up, dials_once_and_within_the_bound) {
  engine_run run{connections(6)};
  const auto w = run.warm_up(50);
  EXPECT_EQ(run.dialling(), 4u);
  run.run_for(1s);
  EXPECT_TRUE(run.warm_ups()[w].over);
  EXPECT_FALSE(run.warm_ups()[w].failed) << "all that there can be";
  EXPECT_EQ(run.count().connections, 6u);
  run.run_to_rest();
  EXPECT_EQ(run.dialled(), 6u) << "once: what idles away isn't replaced";
}

TEST(engine_warm_up, ends_at_the_first_dial_that_fails) {
  engine_run run;
  run.dials = [](std::size_t) { return refused_dial(); };
  const auto w = run.warm_up(8);
  EXPECT_FALSE(run.warm_ups()[w].over);
  run.run_for(40ms);
  EXPECT_TRUE(run.warm_ups()[w].failed);
  EXPECT_EQ(run.warm_ups()[w].code, mint_errc::connect_failed);
  run.run_to_rest();
  EXPECT_EQ(run.dialled(), 4u);
}

TEST(engine_warm_up, ends_when_there_is_room_for_so_many_mints) {
  engine_run run;
  run.next_dials = {{30ms}, {50ms}, {80ms}};
  const auto two = run.warm_up(2);
  const auto three = run.warm_up(3);
  run.run_for(40ms);
  EXPECT_FALSE(run.warm_ups()[two].over);
  run.run_for(10ms);
  EXPECT_TRUE(run.warm_ups()[two].over);
  EXPECT_FALSE(run.warm_ups()[three].over);
  run.run_for(30ms);
  EXPECT_TRUE(run.warm_ups()[three].over);
  EXPECT_EQ(run.dialled(), 3u);
  run.run_to_rest();
}

// behaviours: C6
TEST(engine_warm_up, is_cancelled_at_once_and_only_that_one) {
  engine_run run;
  const auto a = run.warm_up(1);
  const auto b = run.warm_up(1);
  run.cancel_warm_up(a);
  run.cancel_warm_up(a);
  EXPECT_EQ(run.warm_ups()[a].code, mint_errc::cancelled);
  EXPECT_FALSE(run.warm_ups()[b].over);
  run.run_for(40ms);
  EXPECT_TRUE(run.warm_ups()[b].over);
  EXPECT_FALSE(run.warm_ups()[b].failed);
  run.run_to_rest();
}

// behaviours: Q9
TEST(engine_warm_up, waits_until_the_server_has_ended_the_handshake) {
  engine_run run;
  run.next_dials = {settling(30ms, 5ms)};
  EXPECT_EQ(time_of_warm_up(run, 1), 35ms);
  run.run_to_rest();
}

// behaviours: Q9
TEST(engine_warm_up, waits_for_a_server_that_is_never_heard_about_as_long_as_the_dial_took) {
  const auto with_dial_of = [](core::duration takes) {
    engine_run run;
    run.next_dials = {settling(takes, std::nullopt)};
    const core::duration time = time_of_warm_up(run, 1);
    run.run_to_rest();
    return time - takes;
  };
  EXPECT_EQ(with_dial_of(1ms), 20ms);
  EXPECT_EQ(with_dial_of(60ms), 60ms);
  EXPECT_EQ(with_dial_of(900ms), 250ms);
}

// behaviours: Q9
TEST(engine_warm_up, mint_does_not_wait_for_the_handshakes_end) {
  engine_run run;
  run.next_dials = {settling(30ms, std::nullopt)};
  const auto w = run.warm_up(1);
  const int c = run.submit("a");
  run.run_for(30ms);
  EXPECT_EQ(run.sent().size(), 1u);
  EXPECT_FALSE(run.warm_ups()[w].over);
  run.run_for(80ms);
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_TRUE(run.warm_ups()[w].over);
  run.run_to_rest();
}

// behaviours: Q9
TEST(engine_warm_up, ends_with_as_many_as_it_wanted_though_others_are_still_settling) {
  engine_run run;
  run.next_dials = {settling(30ms, 10ms), settling(30ms, 20ms), settling(30ms, std::nullopt)};
  const auto three = run.warm_up(3);
  EXPECT_EQ(time_of_warm_up(run, 2), 50ms);
  EXPECT_FALSE(run.warm_ups()[three].over);
  run.run_for(10ms);
  EXPECT_TRUE(run.warm_ups()[three].over);
  EXPECT_EQ(run.dialled(), 3u);
  run.run_to_rest();
}

// behaviours: Q9
TEST(engine_warm_up, for_more_than_there_can_be_waits_for_all_of_them) {
  engine_run run{connections(2)};
  run.next_dials = {settling(30ms, 10ms), settling(30ms, 20ms)};
  EXPECT_EQ(time_of_warm_up(run, 50), 50ms);
  run.run_to_rest();
}

// behaviours: Q9
TEST(engine_warm_up, server_that_hangs_up_at_the_handshakes_end_fails_it) {
  engine_run run;
  run.next_dials = {settling(30ms, std::nullopt)};
  const auto w = run.warm_up(1);
  run.run_for(40ms);
  run.lose(run.connection_ids().front());
  EXPECT_TRUE(run.warm_ups()[w].failed);
  EXPECT_EQ(run.warm_ups()[w].code, mint_errc::connect_failed);
  run.run_to_rest();
}

// behaviours: Q6, Q9
TEST(engine_warm_up, settling_wakes_nobody_who_does_not_wait_for_it) {
  engine_run run;
  run.next_dials = {settling(30ms, std::nullopt)};
  run.submit("a");
  run.run_for(1s);
  EXPECT_EQ(run.ticks(), 0u);
  EXPECT_EQ(time_of_warm_up(run, 1), 0ms) << "it has settled long since";
  run.run_to_rest();
}

}  // namespace
}  // namespace ephemint::test
