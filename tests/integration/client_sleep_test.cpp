// The machine sleeps: what counts this time, and what notices it.
#include "net/gate_timer.hpp"
#include "support/client_run.hpp"
#include "support/sleeping_clock.hpp"

#include <boost/asio/bind_executor.hpp>

#include <memory>
#include <optional>

namespace ephemint::test {
namespace {

class Sleep : public testing::Test {
 protected:
  ~Sleep() override { forget_sleep(); }
};

client_options patient(const sandbox::server& api) {
  auto o = options_for(api);
  o.attempt_timeout = 30s;
  o.deadline = 60s;
  return o;
}

asio::awaitable<void> until_asked(const sandbox::server& api, std::uint64_t requests) {
  while (api.stats().requests < requests) co_await pause_for(1ms);
}

// behaviours: S8
TEST_F(Sleep, clock_goes_on_while_the_timers_of_asio_stand_still) {
  const auto ours = clock::now();
  const auto theirs = asio::steady_timer::clock_type::now();
  sleep_machine(12s);
  EXPECT_GE(clock::now() - ours, 12s);
  EXPECT_LT(asio::steady_timer::clock_type::now() - theirs, 12s);
}

// behaviours: S8, C8
TEST_F(Sleep, token_whose_reply_came_after_the_sleep_is_minted_again) {
  sandbox::server api{faulty({"delay=50ms,count=1"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, patient(api)};
    std::optional<mint_result> minted;
    c.async_mint({.account = "se-1"}, [&](mint_result r) { minted = std::move(r); });
    co_await until_asked(api, 1);
    sleep_machine(12s);
    while (!minted) co_await pause_for(1ms);
    EXPECT_GT(minted->value().remaining(), 5s);
    EXPECT_EQ(c.stats().expired, 1u);
    EXPECT_EQ(api.stats().requests, 2u);
  });
}

// behaviours: S8
TEST_F(Sleep, token_in_hand_is_dead_after_it) {
  sandbox::server api;
  const auto minted = mint_once(api, patient(api));
  ASSERT_TRUE(minted.has_value());
  EXPECT_GT(minted->remaining(), 5s);
  sleep_machine(12s);
  EXPECT_LT(minted->remaining(), 0s);
}

// behaviours: S8, C9
TEST_F(Sleep, token_that_waited_for_its_executor_through_it_isnt_handed_over) {
  sandbox::server api;
  asio::io_context slow;
  std::optional<mint_result> minted;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, patient(api)};
    c.async_mint({.account = "se-1"},
                 asio::bind_executor(slow.get_executor(), [&](mint_result r) { minted = std::move(r); }));
    while (c.stats().minted == 0) co_await pause_for(1ms);
  });
  sleep_machine(12s);
  slow.run();
  ASSERT_TRUE(minted);
  EXPECT_EQ(name_of(*minted), "timed_out");
}

// behaviours: S8
TEST_F(Sleep, result_that_waited_in_a_stream_through_it_is_minted_again) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, patient(api)};
    auto results = c.mint_many(account_source{accounts(3)});
    auto first = co_await results.next();
    while (c.stats().minted < 3) co_await pause_for(1ms);
    sleep_machine(12s);
    int taken = 1;
    for (auto each = co_await results.next(); each; each = co_await results.next()) {
      ++taken;
      EXPECT_GT(each->result.value().remaining(), 5s);
    }
    EXPECT_EQ(taken, 3);
    EXPECT_EQ(api.stats().requests, 5u);
  });
}

// behaviours: S8
TEST_F(Sleep, connection_that_was_idle_through_it_has_the_age_of_it) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, patient(api)};
    (co_await c.mint({.account = "se-1"})).value();
    sleep_machine(c.options().idle_timeout + 1s);
    (co_await c.mint({.account = "se-1"})).value();
    EXPECT_EQ(c.stats().dials, 2u) << "the server has closed the first one long ago";
    EXPECT_EQ(c.stats().stale_retries, 0u);
  });
}

#ifdef EPHEMINT_HTTP2
// behaviours: S8
TEST_F(Sleep, connection_over_http2_that_slept_is_left_with_its_streams) {
  sandbox::server api{faulty({"account=se-slow,delay=50ms,count=1"})};
  run([&]() -> asio::awaitable<void> {
    auto o = patient(api);
    o.http2 = http2_use::only;
    client c{co_await asio::this_coro::executor, std::move(o)};
    std::optional<mint_result> minted;
    c.async_mint({.account = "se-slow"}, [&](mint_result r) { minted = std::move(r); });
    co_await until_asked(api, 1);
    sleep_machine(12s);
    while (!minted) co_await pause_for(1ms);
    EXPECT_GT(minted->value().remaining(), 5s);
    EXPECT_EQ(c.stats().expired, 1u);
    sleep_machine(c.options().idle_timeout + 1s);
    EXPECT_EQ(name_of(co_await c.mint({.account = "se-1"})), "minted");
    EXPECT_EQ(c.stats().dials, 2u) << "the server has closed the first one long ago";
    EXPECT_EQ(c.stats().http2_connections, 1u);
  });
}
#endif

// behaviours: S8, I1
TEST_F(Sleep, deadline_that_passed_in_it_is_found_out_by_whatever_happens_next) {
  sandbox::server api{faulty({"account=se-1,stall"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, patient(api)};
    std::optional<mint_result> minted;
    c.async_mint({.account = "se-1"}, [&](mint_result r) { minted = std::move(r); });
    co_await until_asked(api, 1);
    sleep_machine(60s);
    EXPECT_EQ(name_of(co_await c.mint({.account = "se-2"})), "minted");
    while (!minted) co_await pause_for(1ms);  // its timer has a minute to go still
    EXPECT_EQ(name_of(*minted), "timed_out");
  });
}

// behaviours: S8
TEST_F(Sleep, pause_goes_on_through_it) {
  sandbox::server api{faulty({"status=429,retry_after=20,count=1"})};
  run([&]() -> asio::awaitable<void> {
    auto o = patient(api);
    o.deadline = 5s;
    client c{co_await asio::this_coro::executor, std::move(o)};
    EXPECT_EQ(name_of(co_await c.mint({.account = "se-1"})), "rate_limited");
    sleep_machine(25s);
    EXPECT_EQ(name_of(co_await c.mint({.account = "se-1"})), "minted");
  });
}

/// Is told once.
struct listener final : net::gate_timer::owner, std::enable_shared_from_this<listener> {
  explicit listener(asio::io_context& io) : timer{io.get_executor(), gate, *this} {}
  void on_time(net::gate_timer&) noexcept override { ++told; }
  void on_no_timer(net::gate_timer&) noexcept override { ADD_FAILURE() << "no memory"; }
  std::shared_ptr<const void> keeper() noexcept override { return shared_from_this(); }

  net::serial_gate gate{false};
  net::gate_timer timer;
  int told = 0;
};

// The pending wait would end in an hour by its own clock, which stood still.
TEST_F(Sleep, timer_that_is_set_again_after_it_doesnt_wait_for_the_one_before) {
  asio::io_context io{1};
  const auto who = std::make_shared<listener>(io);
  who->timer.set(clock::now() + 1h);
  sleep_machine(1h);
  who->timer.set(clock::now() + 5ms);
  io.run_for(30s);
  EXPECT_TRUE(io.stopped());
  EXPECT_EQ(who->told, 1);
}

}  // namespace
}  // namespace ephemint::test
