// Links that many requests share: how they are dialled and filled, what one request's end means for the
// others, and when a link is probed.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace ephemint::test {
namespace {

using core::fate;

core::engine_settings protocol_unknown(std::size_t most = 8) {
  auto s = connections(most);
  s.dials.expected_capacity = 0;
  return s;
}

/// Links with room for so many requests.
void brings(engine_run& run, std::uint32_t capacity) {
  run.dials = [capacity](std::size_t) { return dial_plan{.capacity = capacity, .shared = true}; };
}

void submit_many(engine_run& run, int mints) {
  for (int i = 0; i < mints; ++i) run.submit("se-" + std::to_string(i));
}

std::size_t links_used(const engine_run& run) {
  std::set<core::link_id> used;
  for (const auto& r : run.sent()) used.insert(r.connection);
  return used.size();
}

request_plan one_lost() { return {.how = request_plan::end::reset, .reply_begun = true}; }
request_plan refused() { return {.how = request_plan::end::reset, .takes = 10ms, .unprocessed = true}; }

// --- dials

TEST(engine_shared_link, cold_burst_waits_for_one_dial_to_tell_what_one_brings) {
  engine_run run{protocol_unknown()};
  brings(run, 100);
  submit_many(run, 40);
  EXPECT_EQ(run.dialling(), 1u);
  run.run_to_rest();
  EXPECT_EQ(run.dialled(), 1u);
  EXPECT_EQ(run.count().minted, 40u);
}

TEST(engine_shared_link, cold_burst_at_a_server_for_one_at_a_time_dials_four_after_the_first) {
  engine_run run{protocol_unknown()};
  submit_many(run, 40);
  EXPECT_EQ(run.dialling(), 1u);
  run.run_for(30ms);
  EXPECT_EQ(run.dialling(), 4u);
  run.run_to_rest();
  EXPECT_EQ(run.dialled(), 8u);
  EXPECT_EQ(run.count().minted, 40u);
}

TEST(engine_shared_link, full_link_is_joined_by_one_more) {
  engine_run run{protocol_unknown()};
  run.prove_key();
  brings(run, 10);
  submit_many(run, 25);
  run.run_for(30ms);
  EXPECT_EQ(run.count().in_flight, 10u);
  EXPECT_EQ(run.dialling(), 1u);
  run.run_for(30ms);
  EXPECT_EQ(run.count().in_flight, 20u);
  EXPECT_EQ(run.count().shared_connections, 2u);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 25u);
  EXPECT_EQ(run.dialled(), 3u);
  EXPECT_EQ(run.count().shared_connections, 0u);
}

TEST(engine_shared_link, steady_traffic_fills_the_newest_and_the_rest_end) {
  engine_run run{protocol_unknown()};
  brings(run, 4);
  submit_many(run, 12);
  run.run_for(1s);
  EXPECT_EQ(run.connections(), 3u);
  for (int i = 0; i < 100; ++i) {
    submit_many(run, 4);
    run.run_for(500ms);
  }
  EXPECT_EQ(run.connections(), 1u);
  run.run_to_rest();
}

TEST(engine_shared_link, warm_up_is_room_for_so_many_mints) {
  engine_run run{protocol_unknown()};
  brings(run, 30);
  run.warm_up(70);
  run.run_for(1s);
  EXPECT_TRUE(run.warm_ups().front().over);
  EXPECT_FALSE(run.warm_ups().front().failed);
  EXPECT_EQ(run.connections(), 3u);
  run.run_to_rest();
}

// --- room that changes

TEST(engine_shared_link, link_that_grants_nothing_counts_and_the_mint_ends_at_its_deadline) {
  engine_run run{protocol_unknown(3)};
  brings(run, 0);
  const int c = run.submit("a", 5s);
  run.run_for(5s);
  EXPECT_TRUE(run.at(c).failed(mint_errc::timed_out));
  EXPECT_EQ(run.dialled(), 3u);
  EXPECT_LT(run.ticks(), 20u) << "no spin";
  run.run_to_rest();
}

TEST(engine_shared_link, room_that_is_granted_later_goes_to_those_who_wait) {
  engine_run run{protocol_unknown(1)};
  brings(run, 0);
  submit_many(run, 6);
  run.run_for(1s);
  EXPECT_EQ(run.sent().size(), 0u);
  run.set_capacity(run.connection_ids().front(), 4);
  EXPECT_EQ(run.sent().size(), 4u);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 6u);
}

TEST(engine_shared_link, capacity_that_falls_below_what_is_out_bars_more_and_ends_nothing) {
  engine_run run{protocol_unknown(1)};
  brings(run, 8);
  submit_many(run, 10);
  run.run_for(30ms);
  run.set_capacity(run.connection_ids().front(), 1);
  run.run_for(79ms);
  EXPECT_EQ(run.sent().size(), 8u);
  run.run_for(1ms);
  EXPECT_EQ(run.sent().size(), 9u);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 10u);
  EXPECT_EQ(run.count().retries, 0u);
}

TEST(engine_shared_link, each_link_takes_part_in_what_the_next_is_expected_to_bring) {
  engine_run run{protocol_unknown()};
  brings(run, 2);
  submit_many(run, 2);
  run.run_for(200ms);
  run.set_capacity(run.connection_ids().front(), 50);
  run.retire(run.connection_ids().front());
  submit_many(run, 40);
  EXPECT_EQ(run.dialling(), 1u);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 42u);
}

// --- requests that surely weren't processed

TEST(engine_shared_link, refused_request_goes_again_free_and_first) {
  auto s = protocol_unknown(1);
  s.retry.max_attempts = 1;
  engine_run run{s};
  brings(run, 2);
  run.next_requests = {refused(), minted(1s)};
  const int c = run.submit("a");
  run.submit("b");
  run.submit("c");
  run.run_for(40ms);
  EXPECT_EQ(run.count().in_flight, 1u) << "no more than were on the link when it refused";
  EXPECT_EQ(run.count().refused, 1u);
  EXPECT_EQ(run.permits().used[permit_use::unknown], 1u) << "an edge may have counted it";
  run.run_to_rest();
  EXPECT_EQ(run.sent()[2].call, c) << "before the one that had waited";
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).end.attempts, 1);
  EXPECT_EQ(run.count().minted, 3u);
  EXPECT_EQ(run.count().stale_retries, 0u) << "its link wasn't";
  EXPECT_EQ(run.permits().granted, 4u);
}

TEST(engine_shared_link, refused_request_goes_over_another_link_that_has_room) {
  engine_run run{protocol_unknown(2)};
  brings(run, 1);
  run.warm_up(2);
  run.run_for(1s);
  run.next_requests = {refused()};
  const int c = run.submit("a");
  run.run_for(10ms);
  EXPECT_EQ(run.at(c).requests, 2) << "at once";
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.dialled(), 2u);
}

TEST(engine_shared_link, request_that_is_always_refused_ends_by_the_policy) {
  engine_run run{protocol_unknown(2)};
  brings(run, 100);
  run.requests = [](const request&) { return refused(); };
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::connect_failed));
  EXPECT_EQ(run.at(c).requests, 4) << "three attempts, and the free one";
  EXPECT_EQ(run.at(c).end.attempts, 3);
}

TEST(engine_shared_link, sole_request_of_a_link_that_refuses_it_doesnt_bar_the_link) {
  engine_run run{protocol_unknown(1)};
  brings(run, 100);
  run.next_requests = {refused()};
  const int c = run.submit("a");
  run.run_for(1s);
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.dialled(), 1u);
  run.run_to_rest();
}

/// A server that grants a hundred requests and refuses more than five.
TEST(engine_shared_link, server_that_takes_fewer_than_it_says_refuses_ever_more_seldom) {
  engine_run run{protocol_unknown(1)};
  brings(run, 100);
  std::size_t out = 0;
  run.requests = [&](const request&) {
    if (out == 5) return refused();
    ++out;
    run.next_after(80ms, [&] { --out; });
    return minted(80ms);
  };
  for (int second = 0; second < 60; ++second) {
    submit_many(run, 30);
    run.run_for(1s);
  }
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 1'800u);
  EXPECT_LT(run.count().refused, 120u);
}

// Requests that a GOAWAY turned away are sent again; the link is retired before their fate is reported.
TEST(engine_shared_link, requests_above_a_last_one_go_again_over_a_fresh_link) {
  auto s = protocol_unknown();
  s.retry.max_attempts = 1;
  engine_run run{s};
  brings(run, 10);
  run.requests = [](const request& r) {
    return r.number > 4 && r.number <= 10 ? request_plan{.how = request_plan::end::silent} : minted(50ms);
  };
  submit_many(run, 10);
  run.run_for(40ms);
  run.retire(run.connection_ids().front());
  const std::vector<request> asked = run.sent();
  for (std::size_t i = 4; i < 10; ++i) run.take_back(asked[i], fate::unprocessed);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 10u);
  EXPECT_EQ(run.count().failed, 0u);
  EXPECT_EQ(run.dialled(), 2u);
  EXPECT_EQ(run.count().refused, 6u);
}

/// One link after the other turns away a mint's request; `answers_others`: it has answered others.
/// Returns how often the mint was sent again.
int times_turned_away(bool answers_others, int at_most) {
  auto s = protocol_unknown();
  s.retry.max_attempts = 1;
  engine_run run{s};
  run.prove_key();
  brings(run, 2);
  run.requests = [](const request& r) {
    return r.account == "x" ? request_plan{.how = request_plan::end::silent} : minted(10ms);
  };
  const int x = run.submit("x", 60s);
  for (int times = 0; times < at_most; ++times) {
    if (answers_others) run.submit("y");
    run.run_for(1s);
    if (run.at(x).ended) return times;
    const auto asked = std::ranges::find(run.sent().rbegin(), run.sent().rend(), "x", &request::account);
    run.retire(asked->connection);
    run.take_back(*asked, fate::unprocessed);
  }
  run.requests = {};
  run.run_to_rest();
  return run.at(x).ended && run.count().failed == 0 ? at_most : -1;
}

// behaviours: S13
TEST(engine_shared_link, mint_that_ending_links_turn_away_gets_on_at_no_cost) {
  EXPECT_EQ(times_turned_away(true, 5), 5);
  EXPECT_EQ(times_turned_away(true, 20), 10);  // 8, the one that is free, and the one of the only attempt
  EXPECT_EQ(times_turned_away(false, 20), 2);
}

TEST(engine_shared_link, server_that_sends_everybody_away_is_dialled_ever_more_slowly) {
  auto s = protocol_unknown();
  s.retry.max_attempts = 100;
  s.retry.budget = 100'000;
  engine_run run{s};
  brings(run, 10);
  run.requests = [](const request&) { return request_plan{.how = request_plan::end::silent}; };
  std::size_t told = 0;
  for (int tenth = 0; tenth < 100; ++tenth) {
    if (tenth % 10 == 0) run.submit("a", 60s);
    run.run_for(100ms);
    for (; told < run.sent().size(); ++told) {
      run.retire(run.sent()[told].connection);
      run.take_back(run.sent()[told], fate::unknown);
    }
  }
  EXPECT_LT(run.dialled(), 20u);
  run.requests = {};
  run.run_to_rest();
  for (const auto& c : run.calls())
    EXPECT_TRUE(c.minted()) << c.number << ' ' << static_cast<int>(c.end.code) << ' ' << c.end.attempts;
}

TEST(engine_shared_link, link_that_retires_before_it_was_of_use_is_a_failed_dial) {
  engine_run run{protocol_unknown()};
  brings(run, 10);
  run.warm_up(1);
  run.run_for(30ms);
  run.warm_up(20);
  run.retire(run.connection_ids().front());
  EXPECT_EQ(run.count().failed_dials, 1u);
  EXPECT_TRUE(run.warm_ups().back().failed);
  run.run_to_rest();
}

// --- one request's end

TEST(engine_shared_link, lost_request_is_an_attempt_and_its_neighbours_go_on) {
  engine_run run{protocol_unknown(1)};
  brings(run, 10);
  run.next_requests = {minted(), one_lost(), minted()};
  submit_many(run, 3);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 3u);
  EXPECT_EQ(run.at(1).end.attempts, 2);
  EXPECT_EQ(run.at(0).requests + run.at(2).requests, 2);
  EXPECT_EQ(run.dialled(), 1u);
  EXPECT_EQ(links_used(run), 1u);
}

TEST(engine_shared_link, reply_that_takes_too_long_to_drain_costs_the_request_alone) {
  engine_run run{protocol_unknown(1)};
  brings(run, 2);
  run.next_requests = {minted(1s), minted(1s)};
  const int gone = run.submit("a");
  const int stays = run.submit("b");
  run.run_for(50ms);
  run.cancel(gone);
  const int waits = run.submit("c");
  run.run_for(249ms);
  EXPECT_EQ(run.resets(), 0u);
  EXPECT_EQ(run.at(waits).requests, 0) << "its place isn't free";
  run.run_for(1ms);
  EXPECT_EQ(run.resets(), 1u);
  EXPECT_EQ(run.at(waits).requests, 1);
  EXPECT_EQ(run.probes(), 0u) << "nothing is wrong";
  run.run_to_rest();
  EXPECT_TRUE(run.at(stays).minted());
  EXPECT_EQ(run.dialled(), 1u);
}

TEST(engine_shared_link, all_that_was_given_up_makes_room_at_once) {
  engine_run run{protocol_unknown(1)};
  brings(run, 10);
  run.requests = [](const request& r) { return r.number <= 10 ? silent() : minted(); };
  submit_many(run, 20);
  run.run_for(50ms);
  for (int i = 0; i < 10; ++i) run.cancel(i);
  run.run_for(260ms);
  EXPECT_EQ(run.resets(), 10u);
  EXPECT_EQ(run.count().in_flight, 10u);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 10u);
  EXPECT_EQ(run.dialled(), 1u);
}

// behaviours: A3
TEST(engine_shared_link, server_error_goes_again_on_the_same_link_if_there_is_no_other) {
  engine_run run{protocol_unknown(1)};
  brings(run, 10);
  run.submit("well");
  run.run_for(1s);
  run.next_requests = {answered(answer::server_error)};
  const int c = run.submit("a");
  run.submit("b");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).requests, 2);
  EXPECT_EQ(run.dialled(), 1u);
}

// behaviours: A3
TEST(engine_shared_link, one_bad_reply_among_good_ones_accuses_nobody) {
  engine_run run{protocol_unknown(1)};
  brings(run, 10);
  run.submit("well");
  run.run_for(1s);
  run.next_requests = {answered(answer::malformed), minted(), minted()};
  submit_many(run, 3);
  run.run_for(1s);
  EXPECT_EQ(run.count().minted, 3u);
  EXPECT_EQ(run.connections(), 1u);
  run.next_requests = {answered(answer::malformed), answered(answer::malformed)};
  submit_many(run, 2);
  run.run_for(1s);
  EXPECT_EQ(run.connections(), 0u) << "two in a row are the link's";
  run.run_to_rest();
}

// --- probes

core::engine_settings with_attempts_of(core::duration d) {
  auto s = protocol_unknown();
  s.attempt_timeout = d;
  s.retry.first_backoff = 1ms;
  s.retry.max_backoff = 2ms;
  return s;
}

TEST(engine_shared_link, one_silent_request_costs_its_neighbours_nothing) {
  engine_run run{with_attempts_of(1s)};
  brings(run, 20);
  run.requests = [](const request& r) { return r.account == "se-3" ? silent() : minted(1'500ms / 2); };
  submit_many(run, 11);
  run.run_for(1'030ms);
  EXPECT_EQ(run.resets(), 1u);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 10u);
  EXPECT_TRUE(run.at(3).failed(mint_errc::timed_out));
  EXPECT_EQ(run.count().requests, 10u + 3u);
}

TEST(engine_shared_link, suspect_takes_nothing_until_it_was_heard) {
  auto s = with_attempts_of(1s);
  s.links.max_connections = 1;
  engine_run run{s};
  brings(run, 20);
  run.lives = [](core::link_id) { return std::optional<core::duration>{300ms}; };
  run.next_requests = {silent()};
  run.submit("a");
  run.run_for(500ms);
  run.next_requests = {minted(900ms)};
  run.submit("b");
  run.run_for(530ms);
  EXPECT_EQ(run.probes(), 1u);
  const int c = run.submit("c");
  run.run_for(299ms);
  EXPECT_EQ(run.at(c).requests, 0);
  run.run_for(1ms);
  EXPECT_EQ(run.at(c).requests, 1);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 3u);
  EXPECT_EQ(run.dialled(), 1u);
  EXPECT_EQ(run.closed(), 1u);
}

TEST(engine_shared_link, reply_of_another_is_a_sign_of_life) {
  engine_run run{with_attempts_of(1s)};
  brings(run, 20);
  run.lives = [](core::link_id) { return std::nullopt; };
  run.next_requests = {silent()};
  run.submit("a");
  run.run_for(500ms);
  run.next_requests = {minted(900ms)};
  run.submit("b");
  run.run_for(3s);
  EXPECT_EQ(run.count().minted, 2u);
  EXPECT_EQ(run.closed(), 0u);
  run.run_to_rest();
}

TEST(engine_shared_link, deaf_link_costs_one_attempt_and_all_on_it_go_elsewhere) {
  engine_run run{with_attempts_of(1s)};
  brings(run, 20);
  run.submit("first");
  run.run_for(500ms);
  const auto deaf = run.connection_ids().front();
  run.lives = [](core::link_id) { return std::nullopt; };
  run.requests = [deaf](const request& r) { return r.connection == deaf ? silent() : minted(); };
  const int early = run.submit("early");
  run.run_for(900ms);
  const int late = run.submit("late");
  run.run_for(150ms);
  EXPECT_EQ(run.probes(), 1u);
  const int waits = run.submit("waits");
  run.run_for(200ms);
  EXPECT_TRUE(run.at(waits).minted()) << "over a fresh link: one that is asked counts for nothing";
  EXPECT_TRUE(run.at(early).minted());
  run.run_to_rest();
  EXPECT_TRUE(run.at(late).minted());
  EXPECT_EQ(run.at(early).end.attempts, 2);
  EXPECT_EQ(run.at(late).end.attempts, 2);
  EXPECT_EQ(run.dialled(), 2u);
}

TEST(engine_shared_link, link_that_stays_deaf_ends) {
  engine_run run{with_attempts_of(1s)};
  brings(run, 20);
  run.lives = [](core::link_id) { return std::nullopt; };
  run.requests = [](const request& r) { return r.number <= 5 ? silent() : minted(); };
  submit_many(run, 5);
  run.run_for(1'030ms);
  EXPECT_EQ(run.probes(), 1u);
  EXPECT_EQ(run.resets(), 5u);
  run.run_for(999ms);
  EXPECT_EQ(run.closed(), 0u);
  run.run_for(1ms);
  EXPECT_EQ(run.closed(), 1u);
  EXPECT_EQ(run.count().minted, 5u);
  EXPECT_EQ(run.dialled(), 2u);
  run.run_to_rest();
}

TEST(engine_shared_link, link_that_may_be_dead_makes_place_where_no_other_may_stand) {
  auto s = with_attempts_of(1s);
  s.links.max_connections = 1;
  engine_run run{s};
  brings(run, 20);
  run.lives = [](core::link_id) { return std::nullopt; };
  run.next_requests = {silent()};
  const int c = run.submit("a");
  run.run_for(1'500ms);
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.dialled(), 2u);
  run.run_to_rest();
}

TEST(engine_shared_link, link_on_which_nothing_is_left_is_used_again_once_heard) {
  engine_run run{with_attempts_of(1s)};
  brings(run, 20);
  run.lives = [](core::link_id) { return std::optional<core::duration>{0ms}; };
  run.next_requests = {silent()};
  const int c = run.submit("a");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.dialled(), 1u);
}

TEST(engine_shared_link, retiring_link_isnt_asked) {
  engine_run run{with_attempts_of(1s)};
  brings(run, 20);
  run.next_requests = {silent(), silent()};
  submit_many(run, 2);
  run.run_for(500ms);
  run.retire(run.connection_ids().front());
  run.run_to_rest();
  EXPECT_EQ(run.probes(), 0u);
  EXPECT_EQ(run.count().minted, 2u);
}

// --- age

// behaviours: Q5
TEST(engine_shared_link, age_drains_a_link_that_never_rests) {
  auto s = protocol_unknown();
  s.links.max_age = 10s;
  engine_run run{s};
  brings(run, 10);
  for (int i = 0; i < 600; ++i) {
    submit_many(run, 3);
    run.run_for(50ms);
  }
  EXPECT_EQ(run.count().failed, 0u);
  EXPECT_GE(run.dialled(), 3u);
  EXPECT_LE(run.dialled(), 5u);
  EXPECT_EQ(run.count().retries, 0u);
  run.run_to_rest();
}

// --- a request that couldn't leave

TEST(engine_shared_link, request_that_couldnt_leave_comes_back_and_its_neighbours_are_attempts) {
  auto s = protocol_unknown();
  s.retry.max_attempts = 1;
  engine_run run{s};
  brings(run, 10);
  run.next_requests = {minted(), unsent()};
  const int neighbour = run.submit("a");
  const int c = run.submit("b");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).requests, 1);
  EXPECT_TRUE(run.at(neighbour).failed(mint_errc::connect_failed)) << "it may have been seen";
  EXPECT_EQ(run.permits().given_back, 1u);
}

}  // namespace
}  // namespace ephemint::test
