#include "bench/harness/asio_minter.hpp"
#include "bench/harness/open_loop.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <vector>

namespace ephemint::bench {
namespace {

using namespace std::chrono_literals;

constexpr open_loop::settings usual{.deadline = 8s, .callers = 0, .patience = 10s};

/// Answers each call as the test says, from the context.
class scripted_minter final : public asio_minter {
 public:
  std::function<void(std::uint32_t call)> on_call = [](std::uint32_t) {};
  handed_over answer{};
  bool answers = true;
  std::size_t most_at_once = 0;

  void mint(const account_id&, std::uint32_t call, caller& to) override {
    most_at_once = std::max(most_at_once, ++under_way_);
    on_call(call);
    if (answers) reply(call, to);
  }
  void mint_batch(std::span<const account_id> accounts, caller& to) override {
    for (std::uint32_t i = 0; i < accounts.size(); ++i) reply(i, to);
  }
  minter_counts counts() const override { return {}; }

 private:
  void reply(std::uint32_t call, caller& to) {
    asio::post(context(), [this, call, &to] {
      --under_way_;
      handed_over now = answer;
      now.at = clock::now();
      to.on_result(call, now);
    });
  }

  std::size_t under_way_ = 0;
};

struct open_loop_test : testing::Test {
  scripted_minter client;
  std::vector<account_id> accounts = make_accounts(3);
};

void hold_up(clock::duration time) {
  for (const auto until = clock::now() + time; clock::now() < until;) {
  }
}

// Leaving these waits out is "coordinated omission": the slow call hides the calls that it delays.
TEST_F(open_loop_test, call_that_holds_up_the_generator_is_charged_for_all_it_delays) {
  const std::vector<arrival> calls{{0ms, 0}, {5ms, 1}, {10ms, 2}};
  client.on_call = [](std::uint32_t call) {
    if (call == 0) hold_up(30ms);
  };
  open_loop loop{client, calls, accounts, usual};
  loop.run();
  const measurements& m = loop.of_calls();
  EXPECT_EQ(m.minted, 3u);
  EXPECT_GE(m.corrected.min(), 20ms);   // the last one was due at 10 ms, and made at 30
  EXPECT_GE(m.late_start.max(), 25ms);  // the second one
  EXPECT_GE(m.corrected.mean_us(), m.uncorrected.mean_us() + 14'000);
}

TEST_F(open_loop_test, call_is_never_made_before_it_is_due) {
  const std::vector<arrival> calls{{0ms, 0}, {3ms, 1}, {6ms, 2}};
  const auto begin = clock::now();
  client.on_call = [&](std::uint32_t call) { EXPECT_GE(clock::now() - begin, calls[call].at); };
  open_loop loop{client, calls, accounts, usual};
  loop.run();
  EXPECT_EQ(loop.of_calls().calls, 3u);
}

TEST_F(open_loop_test, callers_wait_for_their_answers) {
  const std::vector<arrival> calls(100, {0ms, 0});
  open_loop loop{client, calls, accounts, {.deadline = 8s, .callers = 4, .patience = 10s}};
  loop.run();
  EXPECT_EQ(client.most_at_once, 4u);
  EXPECT_EQ(loop.of_calls().minted, 100u);
}

TEST_F(open_loop_test, caller_that_becomes_free_waits_until_the_next_call_is_due) {
  const std::vector<arrival> calls{{0ms, 0}, {5ms, 1}, {10ms, 2}};
  const auto begin = clock::now();
  client.on_call = [&](std::uint32_t call) { EXPECT_GE(clock::now() - begin, calls[call].at); };
  open_loop loop{client, calls, accounts, {.deadline = 8s, .callers = 1, .patience = 10s}};
  loop.run();
  EXPECT_EQ(loop.of_calls().minted, 3u);
  EXPECT_LT(loop.time(), 5s);
}

TEST_F(open_loop_test, minter_serves_one_loop_after_the_other) {
  const std::vector<arrival> calls(10, {0ms, 0});
  for (int turn = 0; turn < 2; ++turn) {
    open_loop loop{client, calls, accounts, usual};
    loop.run();
    EXPECT_EQ(loop.of_calls().minted, 10u);
  }
}

class counting_minter final : public coroutine_minter {
 public:
  std::size_t coroutines = 0;
  minter_counts counts() const override { return {}; }

 private:
  boost::asio::awaitable<void> work(asked first) override {
    ++coroutines;
    for (std::optional<asked> now = first; now;) {
      co_await boost::asio::post(boost::asio::use_awaitable);
      now = tell(*now, {clock::now()});
    }
  }
};

TEST(coroutine_minter, closed_loop_spawns_a_coroutine_for_each_caller_alone) {
  counting_minter client;
  const auto accounts = make_accounts(1);
  const std::vector<arrival> calls(100, {0ms, 0});
  open_loop loop{client, calls, accounts, {.deadline = 8s, .callers = 4, .patience = 10s}};
  loop.run();
  EXPECT_EQ(client.coroutines, 4u);
  EXPECT_EQ(loop.of_calls().minted, 100u);
}

TEST_F(open_loop_test, without_callers_nobody_waits) {
  const std::vector<arrival> calls(100, {0ms, 0});
  open_loop loop{client, calls, accounts, usual};
  loop.run();
  EXPECT_EQ(client.most_at_once, 100u);
}

TEST_F(open_loop_test, failures_are_counted_by_name_and_not_among_the_tokens) {
  const std::vector<arrival> calls(5, {0ms, 0});
  client.answer.failure = "rate_limited";
  open_loop loop{client, calls, accounts, usual};
  loop.run();
  const measurements& m = loop.of_calls();
  EXPECT_EQ(m.failed.at("rate_limited"), 5u);
  EXPECT_EQ(m.failures(), 5u);
  EXPECT_EQ(m.corrected.count(), 0u);
  EXPECT_EQ(m.age.count(), 0u);
  EXPECT_EQ(m.failing.count(), 5u);
}

TEST_F(open_loop_test, call_without_an_answer_is_an_error) {
  const std::vector<arrival> calls{{0ms, 0}};
  client.answers = false;
  open_loop loop{client, calls, accounts, {.deadline = 8s, .callers = 0, .patience = 1ms}};
  EXPECT_THROW(loop.run(), std::runtime_error);
}

TEST_F(open_loop_test, batch_is_counted_apart) {
  const std::vector<arrival> calls{{0ms, 0}};
  open_loop loop{client, calls, accounts, usual};
  loop.add_batch(accounts);
  loop.run();
  EXPECT_EQ(loop.of_calls().minted, 1u);
  EXPECT_EQ(loop.of_batch().minted, 3u);
}

TEST_F(open_loop_test, actions_come_at_their_time) {
  const std::vector<arrival> calls{{5ms, 0}};
  bool acted = false;
  open_loop loop{client, calls, accounts, usual};
  loop.add({1ms, [&] { acted = true; }});
  loop.run();
  EXPECT_TRUE(acted);
}

TEST(measurements, window_left_is_ten_seconds_less_the_age) {
  measurements m;
  const auto now = clock::now();
  for (const auto age : {50ms, 100ms, 6000ms, 10'500ms}) m.record(now, now, 8s, {now, {}, age});
  EXPECT_EQ(m.least_left(), -500ms);
  EXPECT_NEAR(static_cast<double>(m.left(50).count()), 9.9e6, 1e2);
  EXPECT_EQ(m.under_min_remaining, 2u);
  EXPECT_EQ(m.dead, 1u);
}

TEST(measurements, token_at_the_very_limit_is_not_under_it) {
  measurements m;
  const auto now = clock::now();
  m.record(now, now, 8s, {now, {}, 5s});
  EXPECT_EQ(m.under_min_remaining, 0u);
  m.record(now, now, 8s, {now, {}, 5s + 1ns});
  EXPECT_EQ(m.under_min_remaining, 1u);
}

TEST(measurements, token_after_the_deadline_is_minted_but_not_in_time) {
  measurements m;
  const auto due = clock::now();
  m.record(due, due + 1s, 8s, {due + 9s, {}, 10ms});
  EXPECT_EQ(m.minted, 1u);
  EXPECT_EQ(m.in_time, 0u);
  EXPECT_EQ(m.corrected.max(), 9s);
  EXPECT_EQ(m.uncorrected.max(), 8s);
}

}  // namespace
}  // namespace ephemint::bench
