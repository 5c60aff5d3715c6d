// The key is replaced while requests are under way, and while a refused key holds all mints.
#include "support/engine_run.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ephemint::test {
namespace {

/// A mint has one attempt, and nothing may be tried again.
core::engine_settings one_attempt() {
  core::engine_settings s;
  s.retry.max_attempts = 1;
  s.retry.budget = 0;
  return s;
}

core::engine_settings per_account() {
  core::engine_settings s;
  s.scope = quota_scope::per_account;
  return s;
}

/// Answers that key's requests with a 401, and the others with tokens.
struct api_with_one_key {
  explicit api_with_one_key(engine_run& r) : run{r} {
    run.requests = [this](const request&) {
      return run.key().version() == right_version ? minted() : answered(answer::key_refused);
    };
  }
  engine_run& run;
  std::uint64_t right_version = 1;
};

// behaviours: K1
TEST(engine_rotation, refusal_of_an_old_key_costs_no_attempt_and_nothing_of_the_retry_budget) {
  engine_run run{one_attempt()};
  api_with_one_key api{run};
  api.right_version = 2;
  const int c = run.submit("a");
  run.run_for(50ms);
  run.rotate_key();
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).requests, 2);
  EXPECT_EQ(run.at(c).end.attempts, 1);
}

// behaviours: K1
TEST(engine_rotation, any_number_of_them_fails_no_mint) {
  engine_run run{one_attempt()};
  api_with_one_key api{run};
  api.right_version = 21;
  std::vector<int> calls;
  for (const char* account : {"a", "b", "c"}) calls.push_back(run.submit(account));
  run.run_for(50ms);
  for (int i = 0; i < 20; ++i) {
    run.rotate_key();
    run.run_for(80ms);
  }
  run.run_to_rest();
  for (const int c : calls) {
    EXPECT_TRUE(run.at(c).minted());
    EXPECT_EQ(run.at(c).end.attempts, 1);
  }
  EXPECT_EQ(run.sent().size(), 3u * 21u);
}

// behaviours: K1
TEST(engine_rotation, fails_no_mint_whose_stale_request_was_replaced_before) {
  engine_run run{one_attempt()};
  run.submit("first");
  run.run_for(1s);
  run.next_requests = {lost(), answered(answer::key_refused)};  // on a connection that was used before
  const int c = run.submit("a");
  run.run_for(150ms);
  ASSERT_EQ(run.at(c).requests, 2);
  run.rotate_key();
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).requests, 3);
  EXPECT_EQ(run.at(c).end.attempts, 1);
}

// behaviours: K1, S2
TEST(engine_rotation, takes_from_no_mint_the_replacement_of_a_stale_request) {
  engine_run run{one_attempt()};
  run.submit("first");
  run.run_for(1s);
  run.next_requests = {answered(answer::key_refused), lost()};
  const int c = run.submit("a");
  run.run_for(50ms);
  run.rotate_key();
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.at(c).requests, 3);
}

// behaviours: K1
TEST(engine_rotation, refused_request_goes_again_before_those_who_wait) {
  engine_run run{connections(1)};
  run.next_requests = {answered(answer::key_refused)};
  const int c = run.submit("a");
  run.run_for(50ms);
  const int waiting = run.submit("b", 1s);  // due sooner
  run.rotate_key();
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
  EXPECT_TRUE(run.at(waiting).minted());
  EXPECT_LT(run.at(c).ended_at, run.at(waiting).ended_at);
}

// behaviours: K1
TEST(engine_rotation, what_is_no_refusal_of_the_key_is_tried_again_as_ever) {
  engine_run run{one_attempt()};
  run.next_requests = {answered(answer::server_error)};
  const int c = run.submit("a");
  run.run_for(50ms);
  run.rotate_key();
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::server_error));
}

// behaviours: K1
TEST(engine_rotation, bad_new_key_is_refused_and_asked_with_no_more) {
  engine_run run;
  run.requests = [](const request&) { return answered(answer::key_refused); };
  const int c = run.submit("a");
  run.run_for(50ms);
  run.rotate_key();
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).failed(mint_errc::unauthorized));
  EXPECT_EQ(run.at(c).requests, 2);
}

// behaviours: K3
TEST(engine_rotation, refusals_of_an_old_key_shut_no_gate) {
  engine_run run{connections(8)};
  run.warm_up(8);
  run.run_for(1s);
  run.requests = [](const request& r) { return r.number <= 8 ? answered(answer::key_refused) : minted(); };
  std::vector<int> calls;
  for (int i = 0; i < 8; ++i) calls.push_back(run.submit("se-" + std::to_string(i)));
  run.run_for(50ms);
  run.rotate_key();
  run.run_to_rest();
  for (const int c : calls) EXPECT_TRUE(run.at(c).minted());
  EXPECT_EQ(run.key().at(run.now()), core::key_guard::state::open);
  EXPECT_EQ(run.sent().size(), 16u);
}

// behaviours: K1
TEST(engine_rotation, holds_up_no_close) {
  engine_run run;
  run.next_requests = {answered(answer::key_refused)};
  const int c = run.submit_patient("a");
  run.run_for(50ms);
  run.rotate_key();
  run.close();
  run.governor().not_before = run.now() + 1min;
  run.run_for(1s);
  EXPECT_TRUE(run.at(c).failed(mint_errc::unauthorized));
  EXPECT_TRUE(run.drained());
  run.run_to_rest();
}

// behaviours: K1
TEST(engine_rotation, login_is_served_while_the_client_closes) {
  engine_run run{one_attempt()};
  run.next_requests = {answered(answer::key_refused)};
  const int c = run.submit("a");
  run.run_for(50ms);
  run.rotate_key();
  run.close();
  run.run_to_rest();
  EXPECT_TRUE(run.at(c).minted());
}

class rotation_at_a_shut_gate : public testing::TestWithParam<bool> {
 protected:
  core::engine_settings settings() const { return GetParam() ? per_account() : core::engine_settings{}; }
};
INSTANTIATE_TEST_SUITE_P(quota_of_the_key_and_of_each_account, rotation_at_a_shut_gate,
                         testing::Values(false, true));

// behaviours: K3
TEST_P(rotation_at_a_shut_gate, those_who_wait_dial_at_once) {
  engine_run run{settings()};
  run.doubt_key();
  const int c = run.submit_patient("a"), d = run.submit_patient("b");
  run.run_for(100ms);
  ASSERT_EQ(run.dialled(), 0u);
  const auto rotated = run.now();
  run.rotate_key();
  EXPECT_GT(run.dialling(), 0u);
  run.run_to_rest();
  for (const int each : {c, d}) EXPECT_TRUE(run.at(each).minted());
  EXPECT_EQ(run.sent().front().sent_at, rotated + 30ms) << "as soon as the connection stands";
}

// behaviours: K3
TEST_P(rotation_at_a_shut_gate, those_who_wait_go_at_once_where_a_connection_stands) {
  engine_run run{settings()};
  run.warm_up(2);
  run.run_for(1s);
  run.doubt_key();
  const int c = run.submit_patient("a"), d = run.submit_patient("b");
  const int login = run.submit("c");
  EXPECT_TRUE(run.at(login).failed(mint_errc::unauthorized));
  run.run_for(100ms);
  ASSERT_EQ(run.sent().size(), 0u);
  run.rotate_key();
  EXPECT_EQ(run.sent().size(), 2u) << "no timer is waited for";
  run.run_to_rest();
  for (const int each : {c, d}) EXPECT_TRUE(run.at(each).minted());
}

// behaviours: K1
TEST(engine_rotation, tells_when_no_request_with_an_old_key_is_out) {
  engine_run run;
  run.submit("a");
  run.run_for(50ms);
  EXPECT_FALSE(run.engine().any_out_before(run.key().version()));
  run.rotate_key();
  EXPECT_TRUE(run.engine().any_out_before(run.key().version()));
  run.submit("b");
  run.run_for(70ms);  // the first was answered
  EXPECT_FALSE(run.engine().any_out_before(run.key().version()));
  run.run_to_rest();
}

// behaviours: K1
TEST(engine_rotation, request_that_nobody_waits_for_is_out_until_its_link_is_done_with_it) {
  engine_run run;
  const int c = run.submit("a");
  run.run_for(50ms);
  run.rotate_key();
  run.cancel(c);
  EXPECT_TRUE(run.engine().any_out_before(run.key().version()));
  run.run_for(70ms);
  EXPECT_FALSE(run.engine().any_out_before(run.key().version()));
  run.run_to_rest();
}

}  // namespace
}  // namespace ephemint::test
