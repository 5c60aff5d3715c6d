// Refused accounts and refused keys: how they are told apart, and what they cost other mints.
#include "core/random.hpp"
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

std::shared_ptr<rate_governor> real_quota() {
  return make_rate_governor(production_quota, quota_scope::per_api_key, 1);
}

/// Refuses accounts of that name, and mints for all others.
request_plan refuse_the_bad(const request& r) {
  return r.account.starts_with("bad") ? answered(answer::key_refused) : minted();
}

struct batch_figures {
  std::size_t minted = 0;
  std::size_t told_unsent = 0;  ///< refused without a request
  core::duration took{};
};

/// Mints a batch of these accounts, in order, as a stream does.
batch_figures mint_batch(const std::vector<bool>& is_bad) {
  engine_run run{{}, real_quota()};
  run.requests = refuse_the_bad;
  for (std::size_t i = 0; i < is_bad.size(); ++i)
    run.submit_patient((is_bad[i] ? "bad-" : "se-") + std::to_string(i), priority::background);
  run.run_to_rest();
  batch_figures f;
  core::time_point last{};
  for (const auto& c : run.calls()) {
    f.minted += c.minted() ? 1 : 0;
    f.told_unsent += !c.minted() && c.requests == 0 ? 1 : 0;
    last = std::max(last, c.ended_at);
  }
  f.took = last - run.calls().front().submitted;
  return f;
}

std::vector<bool> good(std::size_t count) { return std::vector<bool>(count, false); }
std::vector<bool> then(std::vector<bool> list, std::size_t count, bool bad) {
  list.insert(list.end(), count, bad);
  return list;
}

/// Makes the key mint once.
void mint_once(engine_run& run) {
  const int c = run.submit("se-first");
  run.run_for(1s);
  ASSERT_TRUE(run.at(c).minted());
}

// behaviours: R8
TEST(engine_refusal, fifty_refused_accounts_cost_the_good_ones_behind_them_nothing) {
  const core::duration without = mint_batch(good(1020)).took;
  const batch_figures f = mint_batch(then(then(good(20), 50, true), 1000, false));
  EXPECT_EQ(f.minted, 1020u);
  EXPECT_EQ(f.told_unsent, 0u);
  EXPECT_LE(f.took, without * 12 / 10);
}

// behaviours: R8
TEST(engine_refusal, run_that_shuts_the_gate_is_passed_by_probes) {
  const batch_figures f = mint_batch(then(then(good(20), 100, true), 1000, false));
  EXPECT_EQ(f.minted, 1020u);
  EXPECT_EQ(f.told_unsent, 0u);
}

// behaviours: R8
TEST(engine_refusal, twelve_refused_accounts_at_the_head_of_a_new_keys_batch_are_passed) {
  const batch_figures f = mint_batch(then(then({}, 12, true), 1000, false));
  EXPECT_EQ(f.minted, 1000u);
  EXPECT_EQ(f.told_unsent, 0u);
}

// behaviours: R8
TEST(engine_refusal, third_of_the_accounts_at_random_costs_the_others_nothing) {
  core::splitmix random{7};
  std::vector<bool> list;
  std::size_t good_ones = 0;
  for (int i = 0; i < 1000; ++i) {
    list.push_back(random.unit() < 0.3);
    good_ones += list.back() ? 0 : 1;
  }
  EXPECT_EQ(mint_batch(list).minted, good_ones);
}

// behaviours: R8
TEST(engine_refusal, account_that_is_clicked_eight_times_locks_nobody_out) {
  engine_run run;
  run.requests = refuse_the_bad;
  std::vector<int> others;
  for (int i = 0; i < 8; ++i) {
    run.submit("bad");
    run.run_for(100ms);
  }
  for (int i = 0; i < 8; ++i) others.push_back(run.submit("se-" + std::to_string(i)));
  run.run_to_rest();
  for (const int c : others) EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.sent().size(), 16u);
}

// behaviours: R8
TEST(engine_refusal, twelve_refused_logins_in_a_row_lock_nobody_out_of_a_key_that_has_minted) {
  engine_run run;
  run.requests = refuse_the_bad;
  mint_once(run);
  for (int i = 0; i < 12; ++i) run.submit("bad-" + std::to_string(i));
  std::vector<int> others;
  for (int i = 0; i < 20; ++i) others.push_back(run.submit("se-" + std::to_string(i)));
  run.run_to_rest();
  for (const int c : others) EXPECT_TRUE(run.at(c).minted());
}

/// A key that had minted, and that the API then refuses: one login each 200 ms until the gate is shut.
struct revoked_key {
  engine_run run{{}, std::make_shared<scripted_governor>()};
  bool refused = true;

  revoked_key() {
    mint_once(run);
    run.requests = [this](const request&) { return refused ? answered(answer::key_refused) : minted(); };
    for (int i = 0; i < 64; ++i) {
      run.submit("a" + std::to_string(i));
      run.run_for(200ms);
    }
    EXPECT_FALSE(run.key().at(run.now()) == core::key_guard::state::open);
    probe();
  }
  /// Its refusal shuts the gate for a second.
  void probe() {
    run.submit("probe");
    run.run_for(100ms);
  }
};

// behaviours: R8
TEST(engine_refusal, revoked_key_fails_logins_at_once_and_has_a_batch_wait) {
  revoked_key key;
  engine_run& run = key.run;
  const std::size_t sent = run.sent().size();
  const int batch = run.submit_patient("patient", priority::background);
  const int login = run.submit("login");
  EXPECT_TRUE(run.at(login).failed(mint_errc::unauthorized));
  EXPECT_GT(run.at(login).end.retry_at, run.now());
  EXPECT_LE(run.at(login).end.retry_at, run.now() + 1s);
  run.run_for(500ms);
  EXPECT_FALSE(run.at(batch).ended);
  EXPECT_EQ(run.sent().size(), sent) << "the next probe isn't due yet";
  key.refused = false;
  run.run_to_rest();
  EXPECT_TRUE(run.at(batch).minted());
}

// behaviours: R8
TEST(engine_refusal, logins_that_wait_when_the_gate_shuts_hear_it_at_once) {
  revoked_key key;
  engine_run& run = key.run;
  key.refused = false;
  run.run_for(1s);
  run.submit("opens it");
  run.run_for(2s);
  ASSERT_EQ(run.key().at(run.now()), core::key_guard::state::open);
  run.governor().not_before = run.now() + 1s;  // they wait for a permit
  std::vector<int> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(run.submit("w" + std::to_string(i)));
  const int batch = run.submit_patient("patient");
  run.run_for(10ms);
  run.refuse_key();
  ASSERT_TRUE(run.key().failing(run.now(), true));
  run.run_for(2s);
  for (const int c : waiting) EXPECT_TRUE(run.at(c).failed(mint_errc::unauthorized));
  EXPECT_TRUE(run.at(batch).failed(mint_errc::unauthorized)) << "it was shut for over a minute";
  run.run_to_rest();
}

// behaviours: R8
TEST(engine_refusal, batch_waits_for_a_minute_while_single_probes_go) {
  revoked_key key;
  engine_run& run = key.run;
  const std::size_t before = run.sent().size();
  const core::time_point shut_at = run.now();
  for (int i = 0; i < 200; ++i) run.submit_patient("p" + std::to_string(i), priority::background);
  run.run_for(70s);
  std::size_t told_unsent = 0;
  for (const auto& c : run.calls()) {
    ASSERT_TRUE(c.ended);
    if (c.requests > 0 || c.deadline != core::never) continue;
    ++told_unsent;
    EXPECT_GE(c.ended_at, shut_at + 58s);
  }
  const std::size_t probes = run.sent().size() - before;
  EXPECT_GE(probes, 50u);
  EXPECT_LE(probes, 60u);
  EXPECT_EQ(told_unsent, 200 - probes);
  for (std::size_t i = before + 1; i < run.sent().size(); ++i)
    EXPECT_GE(run.sent()[i].sent_at - run.sent()[i - 1].sent_at, 1s);
  key.refused = false;
  run.run_for(5s);
  const int c = run.submit("after");
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted()) << "the key is good again";
}

// behaviours: R8
TEST(engine_refusal, reply_that_is_no_mint_does_not_speak_for_the_key) {
  for (const answer said : {answer::server_error, answer::rejected, answer::malformed, answer::throttled}) {
    engine_run run;
    run.requests = [&](const request& r) {
      return r.number <= 3 ? answered(answer::key_refused) : answered(said);
    };
    for (int i = 0; i < 3; ++i) run.submit("a" + std::to_string(i));
    run.run_for(500ms);
    ASSERT_NE(run.key().at(run.now()), core::key_guard::state::open);
    run.submit("probe", 1s);
    run.run_for(10s);
    EXPECT_EQ(run.key().at(run.now()), core::key_guard::state::probe_due);
    run.requests = {};
    const int c = run.submit("b");
    run.run_to_rest();
    EXPECT_TRUE(run.at(c).minted());
    EXPECT_EQ(run.key().at(run.now()), core::key_guard::state::open);
  }
}

// behaviours: R8, C7
TEST(engine_refusal, engine_that_goes_with_the_probe_leaves_the_gate_to_others) {
  engine_run run;
  run.requests = [](const request& r) { return r.number == 1 ? answered(answer::key_refused) : silent(); };
  run.submit("a");
  run.run_for(200ms);
  run.submit("b");
  run.run_for(50ms);
  ASSERT_EQ(run.key().at(run.now()), core::key_guard::state::waiting) << "the probe is out";
  run.destroy_engine();
  EXPECT_EQ(run.key().at(run.now()), core::key_guard::state::probe_due);
}

/// All that is submitted goes over one link.
void share_one_link(engine_run& run) {
  run.dials = [](std::size_t) { return dial_plan{.capacity = 100, .shared = true}; };
}

// behaviours: R8
TEST(engine_refusal, wrong_key_costs_thirteen_requests_where_one_link_would_take_all_at_once) {
  engine_run run;
  share_one_link(run);
  run.requests = [](const request&) { return answered(answer::key_refused); };
  for (int i = 0; i < 1000; ++i) run.submit_patient("se-" + std::to_string(i));
  run.run_to_rest();
  EXPECT_LE(run.sent().size(), 13u);
}

// behaviours: R8
TEST(engine_refusal, rest_of_a_burst_follows_a_new_keys_first_mint) {
  engine_run run;
  share_one_link(run);
  for (int i = 0; i < 100; ++i) run.submit("se-" + std::to_string(i));
  run.run_for(30ms + 79ms);  // the dial, and not all of a reply
  EXPECT_EQ(run.sent().size(), 10u);
  run.run_for(1ms);
  EXPECT_EQ(run.sent().size(), 100u);
  run.run_to_rest();
  EXPECT_EQ(run.count().minted, 100u);
}

// behaviours: R8
TEST(engine_refusal, firewall_that_refuses_all_for_six_seconds_loses_few_of_a_batch) {
  engine_run run{{}, std::make_shared<scripted_governor>()};
  run.outage_patience = 5min;  // as a stream has
  const core::time_point begin = run.now();
  run.requests = [&](const request& r) {
    const core::duration since = r.sent_at - begin;
    return since >= 1s && since < 7s ? answered(answer::server_error) : minted();
  };
  for (int i = 0; i < 400; ++i) {
    run.submit_patient("se-" + std::to_string(i), priority::background);
    run.run_for(10ms);
  }
  run.run_to_rest();
  std::size_t minted_ones = 0;
  for (const auto& c : run.calls()) minted_ones += c.minted() ? 1 : 0;
  EXPECT_GE(minted_ones, 380u);
}

}  // namespace
}  // namespace ephemint::test
