// What an observer hears: each scenario's reports, as a table.
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

/// A link that has served; nothing of that is heard.
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

core::engine_settings one_connection() { return connections(1); }

core::engine_settings short_queue() {
  auto s = connections(1);
  s.max_queued = 1;
  return s;
}

core::engine_settings quota_per_account() {
  auto s = connections(4);
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
      "closed 0", "mint 1 minted"}},

    {"server_that_says_when_is_heard",
     [](engine_run& run) {
       rested(run);
       meets(run, answered(answer::server_error, 2s), minted());
     },
     {}},

    {"throttled_mint_waits_by_itself",
     [](engine_run& run) {
       rested(run);
       meets(run, answered(answer::throttled, 1s), minted());
     },
     {}},

    {"rate_limited_mint_goes_again",
     [](engine_run& run) {
       rested(run);
       meets(run, answered(answer::rate_limited, 1s), minted());
     },
     {}},

    {"refused_key_ends_it",
     [](engine_run& run) {
       rested(run);
       meets(run, answered(answer::key_refused));
     },
     {}},

    {"rejected_request_ends_it",
     [](engine_run& run) {
       rested(run);
       meets(run, answered(answer::rejected));
     },
     {}},

    {"malformed_reply_ends_it",
     [](engine_run& run) {
       rested(run);
       meets(run, answered(answer::malformed));
     },
     {}},

    {"token_that_came_too_late_is_minted_again",
     [](engine_run& run) {
       run.next_requests = {minted(6s), minted()};
       run.submit("a", 10s);
       run.run_for(10s);
     },
     {},
     patient_attempts()},

    {"silence_times_out_and_the_deadline_ends_it",
     [](engine_run& run) {
       run.requests = [](const request&) { return silent(); };
       run.submit("a", 3s);
       run.run_for(5s);
     },
     {}},

    {"stale_connection_s_request_is_replaced",
     [](engine_run& run) {
       rested(run);
       meets(run, lost(), minted());
     },
     {}},

    {"fresh_connection_s_loss_is_a_retry", [](engine_run& run) { meets(run, lost(), minted()); }, {}},

    {"stale_replacement_that_fails_is_retried",
     [](engine_run& run) {
       rested(run);
       meets(run, lost(), answered(answer::server_error), minted());
     },
     {}},

    {"request_that_was_not_looked_at_is_replaced",
     [](engine_run& run) {
       rested(run, true);
       meets(run, request_plan{.how = request_plan::end::reset, .unprocessed = true}, minted());
     },
     {}},

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
     {}},

    {"request_that_never_left_is_no_attempt",
     [](engine_run& run) {
       rested(run);
       meets(run, unsent(), minted());
     },
     {}},

    {"dial_that_fails_for_all_ends_it",
     [](engine_run& run) {
       run.next_dials = {refused_dial(false)};
       meets(run);
     },
     {}},

    {"mint_that_is_cancelled_in_line",
     [](engine_run& run) {
       run.submit("a");
       run.run_for(10ms);
       run.cancel(0);
     },
     {}},

    {"mint_that_is_cancelled_on_the_wire",
     [](engine_run& run) {
       rested(run);
       run.submit("a");
       run.run_for(10ms);
       run.cancel(1);
       run.run_for(1s);
     },
     {}},

    {"mint_behind_another_waits_for_a_connection",
     [](engine_run& run) {
       rested(run);
       run.submit("a");
       run.submit("b");
       run.run_for(1s);
     },
     {},
     one_connection()},

    {"mint_without_a_permit_waits_for_the_quota",
     [](engine_run& run) {
       rested(run);
       run.governor().not_before = run.now() + 1s;
       meets(run, minted());
     },
     {}},

    {"cold_mint_without_a_permit_waits_for_the_quota_before_it_waits_for_a_connection",
     [](engine_run& run) {
       run.governor().not_before = run.now() + 5s;
       meets(run, minted());
     },
     {}},

    {"mint_in_a_pause_waits_for_that",
     [](engine_run& run) {
       rested(run);
       run.governor().not_before = run.now() + 1s;
       run.governor().known.pause = 1s;
       meets(run, minted());
     },
     {}},

    {"batch_waits_for_a_quota_that_logins_have",
     [](engine_run& run) {
       rested(run);
       run.governor().urgency_not_before[priority::background] = run.now() + 1s;
       run.submit_patient("b", priority::background);
       run.submit("a");
       run.run_for(2s);
     },
     {}},

    {"parked_account_waits_for_its_quota_and_another_doesn_t",
     [](engine_run& run) {
       rested(run);
       run.governor().account_not_before["a"] = run.now() + 1s;
       run.submit("a");
       run.submit("a");
       run.submit("b");
       run.run_for(2s);
     },
     {},
     quota_per_account()},

    {"mint_that_the_client_has_no_place_for_is_over_at_once",
     [](engine_run& run) {
       rested(run);
       for (const char* account : {"a", "b", "c"}) run.submit(account);
       run.run_for(1s);
     },
     {},
     short_queue()},

    {"refused_key_ends_who_comes_later_at_once",
     [](engine_run& run) {
       rested(run);
       run.refuse_key();
       meets(run);
     },
     {}},

    {"patient_mint_waits_out_an_outage",
     [](engine_run& run) {
       rested(run);
       run.outage_patience = 5min;
       run.requests = [](const request&) { return answered(answer::server_error); };
       for (const char* account : {"a", "b", "c"}) run.submit_patient(account);
       run.run_for(1s);
       run.requests = {};
       run.run_for(9s);
     },
     {}},

    {"shutdown_ends_whatever_is_there",
     [](engine_run& run) {
       rested(run);
       run.submit("a");
       run.submit("b");
       run.run_for(10ms);
       run.shut_down();
     },
     {}},
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

}  // namespace
}  // namespace ephemint::test
