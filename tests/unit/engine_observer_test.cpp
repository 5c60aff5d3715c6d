// The reports to an observer in each scenario, as a table.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using lines = std::vector<std::string>;

struct scenario {
  const char* name;
  void (*play)(engine_run&);
  lines heard;
  core::engine_settings settings = connections(4);
};

void PrintTo(const scenario& s, std::ostream* to) { *to << s.name; }

/// One mint, and what its requests meet.
template <class... Plans>
void meets(engine_run& run, Plans... plans) {
  run.next_requests = {plans...};
  run.submit("a");
  run.run_for(9s);
}

/// Makes a link that has served; reports of that are dropped.
void rested(engine_run& run, bool shared = false) {
  if (shared) run.next_dials = {{.capacity = 10, .shared = true}};
  run.submit("first");
  run.run_for(2s);
  run.take_record();
}

core::engine_settings patient_attempts() {
  auto s = connections(4);
  s.attempt_timeout = 12s;
  return s;
}

core::engine_settings no_backoff() {
  auto s = connections(4);
  s.retry.first_backoff = s.retry.max_backoff = {};
  return s;
}

core::engine_settings one_connection() { return connections(1); }

core::engine_settings short_queue() {
  auto s = connections(1);
  s.max_queued = 1;
  return s;
}

core::engine_settings quota_per_account() {
  auto s = connections(1);
  s.scope = quota_scope::per_account;
  return s;
}

const scenario scenarios[] = {
    {"cold_mint_waits_for_its_connection",
     [](engine_run& run) { meets(run, minted()); },
     {"dialled 0", "established 0", "attempt 1.1 first minted after 80 on 0, its first",
      "mint 1 minted, 1 attempt, connection 30, wire 80"}},

    {"warm_mint_waits_for_nothing",
     [](engine_run& run) {
       rested(run);
       meets(run, minted());
     },
     {"attempt 2.1 first minted after 80 on 0", "mint 2 minted, 1 attempt, wire 80"}},

    {"server_error_is_tried_again_after_a_backoff",
     [](engine_run& run) { meets(run, answered(answer::server_error), minted()); },
     {"dialled 0", "established 0", "attempt 1.1 first server_error after 80 on 0, its first, again later",
      "closed 0", "dialled 0", "established 0", "attempt 1.2 retry minted after 80 on 0, its first",
      "mint 1 minted, 2 attempts, connection 60, backoff, wire 160"}},

    {"server_that_says_when_is_heard",
     [](engine_run& run) {
       rested(run);
       meets(run, answered(answer::server_error, 2s), minted());
     },
     {"attempt 2.1 first server_error after 80 on 0, retry after 2000, again later", "closed 0", "dialled 1",
      "established 1", "attempt 2.2 retry minted after 80 on 1, its first",
      "mint 2 minted, 2 attempts, connection 30, backoff, wire 160"}},

    {"throttled_mint_waits_by_itself",
     [](engine_run& run) {
       rested(run);
       meets(run, answered(answer::throttled, 1s), minted());
     },
     {"attempt 2.1 first throttled after 80 on 0, retry after 1000, again later",
      "attempt 2.2 retry minted after 80 on 0", "mint 2 minted, 2 attempts, backoff, wire 160"}},

    {"rate_limited_mint_goes_again",
     [](engine_run& run) {
       rested(run);
       meets(run, answered(answer::rate_limited, 1s), minted());
     },
     {"attempt 2.1 first rate_limited after 80 on 0, retry after 1000, again",
      "attempt 2.2 retry minted after 80 on 0", "mint 2 minted, 2 attempts, wire 160"}},

    {"refused_key_ends_it",
     [](engine_run& run) {
       rested(run);
       meets(run, answered(answer::key_refused));
     },
     {"attempt 2.1 first key_refused after 80 on 0", "mint 2 unauthorized, 1 attempt, wire 80"}},

    {"request_with_a_key_that_was_rotated_away_is_replaced",
     [](engine_run& run) {
       rested(run);
       run.next_requests = {answered(answer::key_refused), minted()};
       run.submit("a");
       run.run_for(10ms);
       run.key().renewed();
       run.run_for(1s);
     },
     {"attempt 2.1 first key_refused after 80 on 0, again", "attempt 2.1 replacement minted after 80 on 0",
      "mint 2 minted, 1 attempt, wire 160"}},

    {"rejected_request_ends_it",
     [](engine_run& run) {
       rested(run);
       meets(run, answered(answer::rejected));
     },
     {"attempt 2.1 first rejected after 80 on 0", "mint 2 rejected, 1 attempt, wire 80"}},

    {"malformed_reply_ends_it",
     [](engine_run& run) {
       rested(run);
       meets(run, answered(answer::malformed));
     },
     {"attempt 2.1 first bad_response after 80 on 0", "closed 0", "mint 2 bad_response, 1 attempt, wire 80"}},

    {"token_that_came_too_late_is_minted_again",
     [](engine_run& run) {
       run.next_requests = {minted(6s), minted()};
       run.submit("a", 10s);
       run.run_for(10s);
     },
     {"dialled 0", "established 0", "attempt 1.1 first too_old after 6000 on 0, its first, again",
      "attempt 1.2 retry minted after 80 on 0", "mint 1 minted, 2 attempts, connection 30, wire 6080"},
     patient_attempts()},

    {"silence_times_out_and_is_tried_again",
     [](engine_run& run) { meets(run, silent(), minted()); },
     {"dialled 0", "established 0", "attempt 1.1 first timed_out after 2000 on 0, its first, again later",
      "closed 0", "dialled 0", "established 0", "attempt 1.2 retry minted after 80 on 0, its first",
      "mint 1 minted, 2 attempts, connection 60, backoff, wire 2080"}},

    {"deadline_ends_it_on_the_wire",
     [](engine_run& run) {
       run.next_requests = {silent()};
       run.submit("a", 1s);
       run.run_for(2s);
     },
     {"dialled 0", "established 0", "attempt 1.1 first cancelled after 970 on 0, its first",
      "mint 1 timed_out, 1 attempt, connection 30, wire 970", "closed 0"}},

    {"stale_connection_s_request_is_replaced",
     [](engine_run& run) {
       rested(run);
       meets(run, lost(), minted());
     },
     {"attempt 2.1 first stale after 80 on 0, again", "closed 0", "dialled 0", "established 0",
      "attempt 2.1 replacement minted after 80 on 0, its first",
      "mint 2 minted, 1 attempt, connection 30, wire 160"}},

    {"fresh_connection_s_loss_is_a_retry",
     [](engine_run& run) { meets(run, lost(), minted()); },
     {"dialled 0", "established 0", "attempt 1.1 first lost after 80 on 0, its first, again later",
      "closed 0", "dialled 0", "established 0", "attempt 1.2 retry minted after 80 on 0, its first",
      "mint 1 minted, 2 attempts, connection 60, backoff, wire 160"}},

    {"stale_replacement_that_fails_is_retried",
     [](engine_run& run) {
       rested(run);
       meets(run, lost(), answered(answer::server_error), minted());
     },
     {"attempt 2.1 first stale after 80 on 0, again", "closed 0", "dialled 0", "established 0",
      "attempt 2.1 replacement server_error after 80 on 0, its first, again later", "closed 0", "dialled 0",
      "established 0", "attempt 2.2 retry minted after 80 on 0, its first",
      "mint 2 minted, 2 attempts, connection 60, backoff, wire 240"}},

    {"request_that_was_not_looked_at_is_replaced",
     [](engine_run& run) {
       rested(run, true);
       meets(run, request_plan{.how = request_plan::end::reset, .unprocessed = true}, minted());
     },
     {"attempt 2.1 first stale after 80 on 0, again", "attempt 2.1 replacement minted after 80 on 0",
      "mint 2 minted, 1 attempt, wire 160"}},

    {"shared_link_s_end_is_told_for_each_on_it",
     [](engine_run& run) {
       rested(run, true);
       run.requests = [](const request& r) { return r.number < 4 ? silent() : minted(); };
       run.submit("a");
       run.submit("b");
       run.run_for(20ms);
       run.lose(run.connection_ids().front());
       run.run_for(9s);
     },
     {"attempt 2.1 first lost after 20 on 0, again", "attempt 3.1 first lost after 20 on 0, again",
      "closed 0", "dialled 0", "established 0", "dialled 1", "established 1",
      "attempt 2.2 retry minted after 80 on 0, its first",
      "mint 2 minted, 2 attempts, connection 30, wire 100",
      "attempt 3.2 retry minted after 80 on 1, its first",
      "mint 3 minted, 2 attempts, connection 60, wire 100"},
     no_backoff()},

    {"request_that_never_left_is_no_attempt",
     [](engine_run& run) {
       rested(run);
       meets(run, unsent(), minted());
     },
     {"dialled 0", "established 0", "attempt 2.1 replacement minted after 80 on 0, its first",
      "mint 2 minted, 1 attempt, connection 30, wire 80"}},

    {"dial_that_fails_for_all_ends_it",
     [](engine_run& run) {
       run.next_dials = {refused_dial(false)};
       meets(run);
     },
     {"dialled 0", "failed 0", "mint 1 tls_failed, 1 attempt, connection 30"}},

    {"mint_that_is_cancelled_in_line",
     [](engine_run& run) {
       run.submit("a");
       run.run_for(10ms);
       run.cancel(0);
     },
     {"dialled 0", "mint 1 cancelled, 0 attempts, connection 10"}},

    {"mint_that_is_cancelled_on_the_wire",
     [](engine_run& run) {
       rested(run);
       run.submit("a");
       run.run_for(10ms);
       run.cancel(1);
       run.run_for(1s);
     },
     {"attempt 2.1 first cancelled after 10 on 0", "mint 2 cancelled, 1 attempt, wire 10"}},

    {"mint_behind_another_waits_for_a_connection",
     [](engine_run& run) {
       rested(run);
       run.submit("a");
       run.submit("b");
       run.run_for(1s);
     },
     {"attempt 2.1 first minted after 80 on 0", "mint 2 minted, 1 attempt, wire 80",
      "attempt 3.1 first minted after 80 on 0", "mint 3 minted, 1 attempt, connection 80, wire 80"},
     one_connection()},

    {"mint_without_a_permit_waits_for_the_quota",
     [](engine_run& run) {
       rested(run);
       run.governor().not_before = run.now() + 1s;
       meets(run, minted());
     },
     {"attempt 2.1 first minted after 80 on 0", "mint 2 minted, 1 attempt, quota 1000, wire 80"}},

    {"cold_mint_without_a_permit_waits_for_the_quota_before_it_waits_for_a_connection",
     [](engine_run& run) {
       run.governor().not_before = run.now() + 5s;
       meets(run, minted());
     },
     {"dialled 0", "established 0", "attempt 1.1 first minted after 80 on 0, its first",
      "mint 1 minted, 1 attempt, connection 30, quota 4970, wire 80"}},

    {"mint_in_a_pause_waits_for_that",
     [](engine_run& run) {
       rested(run);
       run.governor().not_before = run.now() + 1s;
       run.governor().known.pause = 1s;
       meets(run, minted());
     },
     {"attempt 2.1 first minted after 80 on 0", "mint 2 minted, 1 attempt, pause 1000, wire 80"}},

    {"batch_waits_for_a_quota_that_logins_have",
     [](engine_run& run) {
       rested(run);
       run.governor().urgency_not_before[priority::background] = run.now() + 1s;
       run.submit_patient("b", priority::background);
       run.submit("a");
       run.run_for(2s);
     },
     {"attempt 3.1 first minted after 80 on 0", "mint 3 minted, 1 attempt, wire 80",
      "attempt 2.1 first minted after 80 on 0", "mint 2 minted, 1 attempt, quota 1000, wire 80"}},

    {"parked_account_waits_for_its_quota_and_others_for_a_connection",
     [](engine_run& run) {
       rested(run);
       run.governor().account_not_before["a"] = run.now() + 1s;
       for (const char* account : {"a", "b", "c"}) run.submit(account);
       run.run_for(2s);
     },
     {"attempt 3.1 first minted after 80 on 0", "mint 3 minted, 1 attempt, wire 80",
      "attempt 4.1 first minted after 80 on 0", "mint 4 minted, 1 attempt, connection 80, wire 80",
      "attempt 2.1 first minted after 80 on 0", "mint 2 minted, 1 attempt, quota 1000, wire 80"},
     quota_per_account()},

    {"mint_that_the_client_has_no_place_for_is_over_at_once",
     [](engine_run& run) {
       rested(run);
       for (const char* account : {"a", "b", "c"}) run.submit(account);
       run.run_for(1s);
     },
     {"mint 4 overloaded, 0 attempts", "attempt 2.1 first minted after 80 on 0",
      "mint 2 minted, 1 attempt, wire 80", "attempt 3.1 first minted after 80 on 0",
      "mint 3 minted, 1 attempt, connection 80, wire 80"},
     short_queue()},

    {"refused_key_ends_who_comes_later_at_once",
     [](engine_run& run) {
       rested(run);
       run.refuse_key();
       meets(run);
     },
     {"mint 2 unauthorized, 0 attempts"}},

    {"shutdown_ends_whatever_is_there",
     [](engine_run& run) {
       rested(run);
       run.submit("a");
       run.submit("b");
       run.run_for(10ms);
       run.shut_down();
     },
     {"dialled 1", "attempt 2.1 first cancelled after 10 on 0", "closed 0", "failed 1",
      "mint 2 closed, 1 attempt, wire 10", "mint 3 closed, 0 attempts, connection 10"}},
};

class EngineObserver : public testing::TestWithParam<scenario> {};
INSTANTIATE_TEST_SUITE_P(, EngineObserver, testing::ValuesIn(scenarios),
                         [](const auto& instance) { return std::string{instance.param.name}; });

// behaviours: O1
TEST_P(EngineObserver, hears) {
  engine_run run{GetParam().settings};
  run.keep_record = true;
  GetParam().play(run);
  EXPECT_EQ(run.take_record(), GetParam().heard);
  run.keep_record = false;
  run.run_to_rest();
}

// behaviours: O1
TEST(engine_observer, mint_that_waits_out_an_outage_waits_for_a_connection) {
  engine_run run{connections(4)};
  run.submit("first");
  run.run_for(2s);
  run.outage_patience = 5min;
  run.dials = [](std::size_t) { return refused_dial(); };
  for (const auto id : run.connection_ids()) run.lose(id);
  run.submit_patient("a");
  run.run_for(60s);
  run.dials = {};
  run.run_to_rest();
  ASSERT_TRUE(run.at(1).minted());
  const core::time_spent& spent = run.at(1).mint.spent;
  EXPECT_EQ(spent.on_the_wire(), 80ms);
  EXPECT_EQ(spent.waited(wait_reason::connection), spent.all() - 80ms);
}

}  // namespace
}  // namespace ephemint::test
