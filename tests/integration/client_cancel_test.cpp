#include "support/client_run.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ephemint {
namespace {

using namespace test;

// behaviours: C1, C3, C6
TEST(Cancel, every_type_ends_the_wait_and_the_client_goes_on) {
  for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                          asio::cancellation_type::total, asio::cancellation_type::all}) {
    sandbox::server api{faulty({"account=se-slow,stall"})};
    run([&]() -> asio::awaitable<void> {
      client c{co_await asio::this_coro::executor, options_for(api)};
      asio::cancellation_signal signal;
      std::optional<mint_result> outcome;
      auto handler =
          asio::bind_cancellation_slot(signal.slot(), [&](mint_result r) { outcome = std::move(r); });
      c.async_mint({.account = "se-slow"}, std::move(handler));
      co_await pause_for(60ms);
      EXPECT_FALSE(outcome.has_value());
      signal.emit(type);
      co_await pause_for(20ms);
      EXPECT_TRUE(outcome && name_of(*outcome) == "cancelled");
      auto next = co_await c.mint({.account = "se-2"});
      EXPECT_EQ(name_of(next), "minted");
    });
  }
}

/// What a coroutine does after it was cancelled in a mint: `body` gets the client and records what it did.
template <class Body>
std::string cancelled_in_a_mint(Body body) {
  sandbox::server api{faulty({"account=se-slow,stall"})};
  std::string did;
  asio::io_context context;
  {
    client c{context.get_executor(), options_for(api)};
    asio::cancellation_signal signal;
    auto task = body(c, did);
    asio::co_spawn(context, std::move(task), asio::bind_cancellation_slot(signal.slot(), asio::detached));
    context.run_for(80ms);
    signal.emit(asio::cancellation_type::terminal);
    context.restart();
    context.run_for(100ms);
  }
  context.restart();
  context.run_for(1s);
  EXPECT_TRUE(context.stopped()) << "the coroutine goes on for ever";
  return did;
}

// behaviours: C6
TEST(Cancel, loop_that_is_cancelled_in_a_mint_ends) {
  const auto by_twin = [](client& c, std::string& did) -> asio::awaitable<void> {
    for (int round = 0; round < 50; ++round) {
      const auto minted = co_await c.mint({.account = "se-slow"});
      did += name_of(minted) + ' ';
      co_await pause_for(1ms);
    }
  };
  const auto by_token = [](client& c, std::string& did) -> asio::awaitable<void> {
    for (int round = 0; round < 50; ++round) {
      const auto minted = co_await c.async_mint({.account = "se-slow"}, asio::use_awaitable);
      did += name_of(minted) + ' ';
      co_await pause_for(1ms);
    }
  };
  EXPECT_EQ(cancelled_in_a_mint(by_twin), "cancelled ");
  EXPECT_EQ(cancelled_in_a_mint(by_token), "cancelled ");
}

// behaviours: C6
TEST(Cancel, clean_up_after_it_runs_where_the_caller_asks_for_that) {
  const auto reset = [](client& c, std::string& did) -> asio::awaitable<void> {
    did += name_of(co_await c.mint({.account = "se-slow"}));
    co_await asio::this_coro::reset_cancellation_state();
    co_await pause_for(1ms);
    did += ", cleaned";
  };
  const auto quiet = [](client& c, std::string& did) -> asio::awaitable<void> {
    co_await asio::this_coro::throw_if_cancelled(false);
    did += name_of(co_await c.mint({.account = "se-slow"}));
    co_await asio::this_coro::reset_cancellation_state();
    co_await pause_for(1ms);
    did += ", cleaned";
  };
  EXPECT_EQ(cancelled_in_a_mint(reset), "cancelled, cleaned");
  EXPECT_EQ(cancelled_in_a_mint(quiet), "cancelled, cleaned");
}

// behaviours: C3
TEST(Cancel, a_short_reply_is_drained_and_its_connection_kept) {
  sandbox::server api{faulty({"account=se-slow,delay=100ms"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    asio::cancellation_signal signal;
    auto handler = asio::bind_cancellation_slot(signal.slot(), [](mint_result) {});
    c.async_mint({.account = "se-slow"}, std::move(handler));
    co_await pause_for(60ms);
    signal.emit(asio::cancellation_type::terminal);
    co_await pause_for(150ms);
    auto next = co_await c.mint({.account = "se-2"});
    EXPECT_EQ(name_of(next), "minted");
  });
  EXPECT_EQ(api.stats().connections_opened, 1u);
}

// behaviours: C7
TEST(Shutdown, a_destroyed_client_ends_every_mint_with_closed) {
  sandbox::server api{faulty({"stall"})};
  asio::io_context context;
  std::vector<std::string> outcomes;
  {
    client c{context.get_executor(), options_for(api)};
    for (int i = 0; i < 50; ++i)
      c.async_mint({.account = "se-1"}, [&](mint_result r) { outcomes.push_back(name_of(r)); });
    context.run_for(100ms);
  }
  context.restart();
  context.run_for(2s);
  EXPECT_EQ(outcomes, std::vector<std::string>(50, "closed"));
  EXPECT_TRUE(context.stopped());
}

struct sentinel {
  explicit sentinel(bool& g) : gone{g} {}
  ~sentinel() { gone = true; }
  sentinel(const sentinel&) = delete;
  bool& gone;
};

// behaviours: C7
TEST(Shutdown, a_destroyed_context_drops_the_coroutine_that_owns_the_client_and_waits_for_it) {
  sandbox::server api{faulty({"stall"})};
  bool gone = false;
  {
    asio::io_context context;
    const auto owner = [&]() -> asio::awaitable<void> {
      const sentinel watch{gone};
      client c{co_await asio::this_coro::executor, options_for(api)};
      auto never = co_await c.mint({.account = "se-1"});
      ADD_FAILURE() << name_of(never);
    };
    asio::co_spawn(context, owner(), asio::detached);
    context.run_for(100ms);
    EXPECT_FALSE(gone);
  }
  EXPECT_TRUE(gone) << "the coroutine's frame was leaked";
}

// behaviours: C7
TEST(Shutdown, a_destroyed_context_drops_a_stream_and_its_reader) {
  sandbox::server api{faulty({"stall"})};
  bool gone = false;
  {
    asio::io_context context;
    const auto owner = [&]() -> asio::awaitable<void> {
      const sentinel watch{gone};
      client c{co_await asio::this_coro::executor, options_for(api)};
      auto results = c.mint_many(std::vector<std::string>{"se-1", "se-2", "se-3"});
      while (auto next = co_await results.next()) ADD_FAILURE() << name_of(next->result);
    };
    asio::co_spawn(context, owner(), asio::detached);
    context.run_for(100ms);
  }
  EXPECT_TRUE(gone) << "the coroutine's frame was leaked";
}

TEST(Shutdown, close_lets_mints_finish_and_takes_no_more) {
  sandbox::server api{faulty({"delay=100ms"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    std::string during;
    c.async_mint({.account = "se-1"}, [&](mint_result r) { during = name_of(r); });
    co_await c.close();
    EXPECT_EQ(during, "minted");
    auto after = co_await c.mint({.account = "se-2"});
    EXPECT_EQ(name_of(after), "closed");
    EXPECT_EQ(c.stats().connections, 0u);
  });
}

TEST(Shutdown, closing_ends_a_warm_up_that_waits) {
  sandbox::server api{faulty({"handshake=stall"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    std::string warmed;
    const auto warm = [&]() -> asio::awaitable<void> {
      const auto up = co_await c.warm_up(2);
      warmed = up ? "up" : to_string(up.error().value());
    };
    asio::co_spawn(co_await asio::this_coro::executor, warm(), asio::detached);
    co_await pause_for(50ms);
    co_await c.close();
    co_await pause_for(10ms);
    EXPECT_EQ(warmed, "closed");
  });
}

// behaviours: C9, I8
TEST(Shutdown, a_token_whose_executor_took_it_too_late_is_not_handed_over) {
  sandbox::server api;
  auto options = options_for(api);
  options.min_remaining = 9800ms;
  asio::io_context context;
  asio::io_context slow;
  std::string outcome;
  {
    client c{context.get_executor(), std::move(options)};
    c.async_mint({.account = "se-1"},
                 asio::bind_executor(slow.get_executor(), [&](mint_result r) { outcome = name_of(r); }));
    context.run_for(300ms);
    EXPECT_EQ(outcome, "");
    slow.run();
  }
  EXPECT_EQ(outcome, "timed_out");
}

// behaviours: X1, C4
TEST(Requests, a_bad_one_is_refused_before_any_io) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    const std::string long_one(200, 'x');
    const std::vector<account_id> bad{"", "se-1\r\nX: y", std::string_view{"se\0-1", 5}, "s\xc3\xa9",
                                      long_one};
    for (const account_id& account : bad) {
      auto refused = co_await c.mint({.account = account});
      EXPECT_EQ(name_of(refused), "invalid_request");
      EXPECT_NE(refused.error().message().find("account"), std::string_view::npos);
    }
    auto negative = co_await c.mint({.account = "se-1", .deadline = -1ms});
    EXPECT_EQ(name_of(negative), "invalid_request");
    EXPECT_EQ(c.stats().dials, 0u);
  });
  EXPECT_EQ(api.stats().connections_opened, 0u);
}

}  // namespace
}  // namespace ephemint
