// The API goes away while the engine mints: which mints wait for it, which don't, and what is sent meanwhile.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ephemint::test {
namespace {

/// A world whose API answered once, and then is away until `back()`.
struct away : testing::Test {
  engine_run run{connections(4)};
  core::time_point gone_at{};

  void answers_once() {
    run.submit("first");
    run.run_for(1s);
    ASSERT_TRUE(run.at(0).minted());
    run.outage_patience = 5min;
  }
  void refuses() {
    gone_at = run.now();
    run.dials = [](std::size_t) { return refused_dial(); };
    for (const auto id : run.connection_ids()) run.lose(id);
  }
  void answers_503() {
    gone_at = run.now();
    run.requests = [](const request&) { return answered(answer::server_error); };
  }
  void falls_silent() {
    gone_at = run.now();
    run.requests = [](const request&) { return silent(); };
    run.dials = [](std::size_t) { return dial_plan{3s, scripted_failure{}}; };
  }
  void back() {
    run.dials = {};
    run.requests = {};
  }
  void submit_batch(int size) {
    for (int i = 0; i < size; ++i) run.submit_patient("batch-" + std::to_string(i), priority::background);
  }
  std::uint64_t minted_of_batch() { return run.count().minted - 1; }
};

// behaviours: A4
TEST_F(away, batch_waits_for_a_refusing_api_and_all_is_minted) {
  answers_once();
  refuses();
  submit_batch(100);
  run.run_for(60s);
  EXPECT_EQ(run.count().failed, 0u);
  EXPECT_LE(run.dialled(), 60u) << "single probes, backing off to 2 s";
  back();
  run.run_for(3s);
  EXPECT_GT(minted_of_batch(), 0u) << "it is found back within a back-off";
  run.run_to_rest();
  EXPECT_EQ(minted_of_batch(), 100u);
}

// behaviours: A4
TEST_F(away, batch_waits_while_503_is_answered_and_only_probes_are_sent) {
  answers_once();
  submit_batch(100);
  answers_503();
  run.run_for(60s);
  EXPECT_EQ(run.count().failed, 0u);
  EXPECT_LE(run.sent().size(), 1u + 4 + 3 + 60) << "those under way, what it takes to know, and probes";
  back();
  run.run_to_rest();
  EXPECT_EQ(minted_of_batch(), 100u);
}

// behaviours: A4
TEST_F(away, batch_waits_for_a_silent_api) {
  answers_once();
  falls_silent();
  submit_batch(100);
  run.run_for(60s);
  EXPECT_EQ(run.count().failed, 0u);
  back();
  const auto since = run.now();
  while (minted_of_batch() == 0 && run.now() < since + 10s) run.run_for(10ms);
  EXPECT_LE(run.now() - since, 3s) << "a probe that still hangs doesn't hold up the next";
  run.run_to_rest();
  EXPECT_EQ(minted_of_batch(), 100u);
}

// behaviours: A4, I4
TEST_F(away, attempts_of_the_outage_are_told_but_not_counted) {
  answers_once();
  answers_503();
  submit_batch(5);
  run.run_for(60s);
  std::size_t requests = 0;
  back();
  run.run_to_rest();
  for (const call& c : run.calls()) {
    EXPECT_TRUE(c.minted());
    EXPECT_EQ(c.end.attempts, c.requests);
    requests += static_cast<std::size_t>(c.requests);
  }
  EXPECT_GT(requests, 6u * 3) << "else the case shows nothing";
}

// behaviours: A4
TEST_F(away, logins_go_past_those_who_wait_and_keep_their_deadlines) {
  answers_once();
  submit_batch(20);
  answers_503();
  run.run_for(5s);
  const int failed = run.submit("login", 8s);
  run.run_for(1s);
  EXPECT_TRUE(run.at(failed).failed(mint_errc::server_error)) << "at once, with its cause, as ever";
  back();
  const int minted = run.submit("login", 8s);
  run.run_for(200ms);
  EXPECT_TRUE(run.at(minted).minted());
  run.run_for(2s);
  EXPECT_EQ(run.count().minted, 22u) << "a login's answer opens the gate for all";
  run.run_to_rest();
}

// behaviours: A4
TEST_F(away, login_of_an_api_that_refuses_ends_with_the_dials_cause) {
  answers_once();
  refuses();
  submit_batch(20);
  const int login = run.submit("login", 8s);
  run.run_for(8s);
  EXPECT_TRUE(run.at(login).failed(mint_errc::connect_failed));
  EXPECT_EQ(run.count().failed, 1u);
  back();
  run.run_to_rest();
  EXPECT_EQ(minted_of_batch(), 20u);
}

// behaviours: A4
TEST_F(away, everybody_waiting_hears_together_when_patience_is_over) {
  answers_once();
  refuses();
  submit_batch(50);
  run.run_for(5min - 1s);
  EXPECT_EQ(run.count().failed, 0u);
  run.run_for(2s);
  for (const call& c : run.calls()) {
    if (c.number == 0) continue;
    ASSERT_TRUE(c.failed(mint_errc::connect_failed));
    EXPECT_EQ(c.ended_at, run.at(1).ended_at);
    EXPECT_EQ(c.end.why, core::outcome::cause::said);
  }
  EXPECT_NEAR(std::chrono::duration<double>(run.at(1).ended_at - gone_at).count(), 300, 1);
  run.run_to_rest();
}

// behaviours: A4
TEST_F(away, each_has_its_own_patience) {
  answers_once();
  refuses();
  run.outage_patience = 10s;
  const int hasty = run.submit_patient("hasty");
  run.outage_patience = 1min;
  const int calm = run.submit_patient("calm");
  run.outage_patience = 0s;
  const int none = run.submit_patient("none");
  run.run_for(9s);
  EXPECT_TRUE(run.at(none).failed(mint_errc::connect_failed)) << "after its attempts";
  EXPECT_FALSE(run.at(hasty).ended);
  run.run_for(2s);
  EXPECT_TRUE(run.at(hasty).ended);
  EXPECT_FALSE(run.at(calm).ended);
  run.run_for(1min);
  EXPECT_TRUE(run.at(calm).ended);
  run.run_to_rest();
}

// behaviours: A4
TEST_F(away, who_comes_after_patience_is_over_is_tried_as_ever) {
  answers_once();
  refuses();
  run.submit_patient("a");
  run.run_for(5min + 10s);
  EXPECT_TRUE(run.at(1).ended);
  const int late = run.submit_patient("b");
  run.run_for(5s);
  EXPECT_TRUE(run.at(late).failed(mint_errc::connect_failed));
  back();
  const int later = run.submit_patient("c");
  run.run_for(5s);
  EXPECT_TRUE(run.at(later).minted()) << "an outage that nobody bears stops nobody";
  run.run_to_rest();
}

// behaviours: A4
TEST_F(away, outage_that_nobody_looked_at_for_long_begins_anew) {
  answers_once();
  refuses();
  run.submit_patient("a");
  run.run_for(1h);
  const int late = run.submit_patient("b");
  run.run_for(4min);
  EXPECT_FALSE(run.at(late).ended);
  back();
  run.run_for(3s);
  EXPECT_TRUE(run.at(late).minted());
  run.run_to_rest();
}

// behaviours: A4
TEST_F(away, batch_that_met_an_old_outage_hears_together_when_its_own_patience_is_over) {
  answers_once();
  refuses();
  run.submit_patient("a");
  run.run_for(15min);
  ASSERT_TRUE(run.at(1).ended);
  submit_batch(50);
  run.run_for(5min - 1s);
  for (int i = 2; i < 52; ++i) ASSERT_FALSE(run.at(i).ended);
  run.run_for(3s);
  for (int i = 2; i < 52; ++i) {
    ASSERT_TRUE(run.at(i).failed(mint_errc::connect_failed));
    EXPECT_EQ(run.at(i).ended_at, run.at(2).ended_at);
  }
  run.run_to_rest();
}

// behaviours: A4, S8
TEST_F(away, machine_that_slept_looks_before_patience_is_over) {
  answers_once();
  refuses();
  submit_batch(50);
  run.run_for(10s);
  run.sleep(10min);
  back();
  run.run_to_rest();
  EXPECT_EQ(minted_of_batch(), 50u);
}

// behaviours: A4
TEST(engine_outage, probe_that_its_account_holds_up_is_left_to_another) {
  core::engine_settings by_account = connections(4);
  by_account.scope = quota_scope::per_account;
  engine_run world{by_account};
  world.submit("first");
  world.run_for(1s);
  world.outage_patience = 5min;
  world.requests = [](const request&) { return answered(answer::server_error); };
  for (int i = 0; i < 105; ++i) world.submit_patient(std::to_string(i));
  world.run_for(5s);
  ASSERT_EQ(world.count().failed, 0u);
  for (int i = 0; i < 100; ++i) world.governor().account_not_before[std::to_string(i)] = world.now() + 2min;
  world.requests = {};
  world.run_for(3s);
  EXPECT_EQ(world.count().minted, 1u + 5) << "those that have a permit";
  world.run_to_rest();
  EXPECT_EQ(world.count().minted, 1u + 105);
}

// behaviours: A4, A6
TEST_F(away, reply_that_isnt_the_apis_says_nothing_of_its_being_back) {
  answers_once();
  auto page = answered(answer::rejected);
  page.reply.foreign = true;
  run.requests = [page](const request& r) {
    return r.number % 2 == 0 ? page : answered(answer::server_error);
  };
  submit_batch(50);
  run.run_for(30s);
  back();
  run.run_to_rest();
  for (const call& c : run.calls()) EXPECT_FALSE(c.failed(mint_errc::server_error));
}

// behaviours: A5
TEST(engine_outage, api_that_is_down_from_the_start_fails_after_max_attempts) {
  engine_run run;
  run.outage_patience = 5min;
  run.dials = [](std::size_t) { return refused_dial(); };
  for (int i = 0; i < 10; ++i) run.submit_patient(std::to_string(i));
  run.run_for(1s);
  for (const call& c : run.calls()) EXPECT_TRUE(c.failed(mint_errc::connect_failed));
  EXPECT_LE(run.dialled(), 8u);
  run.run_to_rest();
}

// behaviours: A4
TEST_F(away, account_that_always_meets_500_fails_after_its_attempts) {
  answers_once();
  run.requests = [](const request& r) {
    return r.account == "bad" ? answered(answer::server_error) : minted();
  };
  const int bad = run.submit_patient("bad");
  run.run_for(5s);
  EXPECT_TRUE(run.at(bad).failed(mint_errc::server_error));
  EXPECT_EQ(run.at(bad).requests, 3);
  run.run_to_rest();
}

// behaviours: A4
TEST_F(away, refusal_of_the_key_or_the_rate_is_an_answer) {
  for (const answer what : {answer::rejected, answer::throttled, answer::rate_limited}) {
    engine_run world{connections(4)};
    world.submit("first");
    world.run_for(1s);
    world.outage_patience = 5min;
    world.requests = [](const request&) { return answered(answer::server_error); };
    for (int i = 0; i < 8; ++i) world.submit_patient(std::to_string(i));
    world.run_for(5s);
    EXPECT_EQ(world.count().failed, 0u);
    world.requests = [what](const request& r) { return r.number % 2 == 0 ? answered(what) : minted(); };
    world.run_for(4s);
    const auto n = world.count();
    EXPECT_EQ(n.queued, 0u) << "somebody is there: all go";
    world.run_to_rest();
  }
}

// behaviours: A4
TEST_F(away, held_mint_is_cancelled_at_once_and_close_ends_the_others) {
  answers_once();
  refuses();
  submit_batch(5);
  run.run_for(10s);
  run.cancel(2);
  EXPECT_TRUE(run.at(2).failed(mint_errc::cancelled));
  run.close();
  for (const call& c : run.calls()) EXPECT_TRUE(c.ended);
  run.run_to_rest();
}

// behaviours: A4, T1
TEST_F(away, certificate_that_is_refused_ends_those_who_wait) {
  answers_once();
  refuses();
  submit_batch(5);
  run.run_for(10s);
  run.dials = [](std::size_t) { return refused_dial(false); };
  run.run_for(5s);
  for (int i = 1; i <= 5; ++i) EXPECT_TRUE(run.at(i).failed(mint_errc::tls_failed));
  run.run_to_rest();
}

// behaviours: A4
TEST_F(away, batch_costs_nobody_more_than_an_attempt_until_it_is_known) {
  run.governor().pace = 500ms;  // one after the other, or the first would use up its attempts alone
  answers_once();
  answers_503();
  submit_batch(10);
  run.run_for(20s);
  EXPECT_EQ(run.count().failed, 0u);
  for (const call& c : run.calls()) EXPECT_LE(c.mint.attempts, 1);
  back();
  run.run_to_rest();
  EXPECT_EQ(minted_of_batch(), 10u);
}

// behaviours: A4
TEST_F(away, probe_that_hangs_until_after_the_outage_is_no_attempt) {
  core::engine_settings once = connections(4);
  once.retry.max_attempts = 1;
  once.attempt_timeout = 10s;
  engine_run world{once};
  world.submit("first");
  world.run_for(1s);
  world.outage_patience = 5min;
  world.requests = [](const request& r) {
    return r.account == "first" ? answered(answer::server_error) : silent();
  };
  for (int i = 0; i < 3; ++i) world.submit("login-" + std::to_string(i), 11s);
  world.run_for(10s);
  world.run_for(200ms);
  const int probe = world.submit_patient("probe");
  world.run_for(1s);
  ASSERT_EQ(world.at(probe).requests, 1);
  world.requests = {};
  world.submit("login");
  world.run_for(1s);
  world.run_for(20s);
  EXPECT_TRUE(world.at(probe).minted());
  EXPECT_EQ(world.at(probe).requests, 2);
  world.run_to_rest();
}

// behaviours: A4, R7
TEST_F(away, outage_leaves_the_retry_budget_to_those_who_come_after) {
  answers_once();
  answers_503();
  submit_batch(200);
  run.run_for(4min);
  back();
  run.run_for(5s);
  EXPECT_EQ(run.count().failed, 0u);
  run.next_requests = {answered(answer::server_error), minted()};
  const int login = run.submit("login");
  run.run_for(1s);
  EXPECT_TRUE(run.at(login).minted()) << "a retry is still to be had";
  run.run_to_rest();
}

}  // namespace
}  // namespace ephemint::test
