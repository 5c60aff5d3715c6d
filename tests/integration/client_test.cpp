#include "support/client_run.hpp"

#include <ephemint/client.hpp>
#include <ephemint/sandbox/server.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ephemint {
namespace {

using test::options_for;
using test::run;

TEST(Client, mints_a_token_for_the_account_that_was_asked_for) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto minted = co_await c.mint({.account = "se-1"});
    EXPECT_TRUE(minted.has_value()) << (minted ? "" : std::string{minted.error().message()});
    if (!minted) co_return;
    EXPECT_FALSE(minted->value().empty());
    EXPECT_THAT(std::string{minted->redirect_url()}, testing::HasSubstr(std::string{minted->value()}));
    EXPECT_GT(minted->remaining(), std::chrono::seconds{9});
  });
  EXPECT_EQ(api.stats().requests_by_account.at("se-1"), 1u);
}

TEST(Client, options_in_force_claim_no_quota_that_is_a_governors) {
  const sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    auto options = options_for(api);
    options.rate.reset();
    const client own{executor, options};
    EXPECT_EQ(own.options().rate, test_key_quota);
    options.governor =
        make_rate_governor(quota::declared(7, std::chrono::seconds{1}), quota_scope::per_account);
    const client given{executor, options};
    EXPECT_EQ(given.options().rate, std::nullopt);
    EXPECT_EQ(given.options().scope, quota_scope::per_account);
  });
}

TEST(Client, every_completion_token_works) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto by_awaitable = co_await c.async_mint({.account = "se-awaitable"}, asio::use_awaitable);
    EXPECT_TRUE(by_awaitable.has_value());
    auto deferred = c.async_mint({.account = "se-deferred"}, asio::deferred);
    auto by_deferred = co_await std::move(deferred)(asio::use_awaitable);
    EXPECT_TRUE(by_deferred.has_value());
    auto by_tuple = co_await c.async_mint({.account = "se-tuple"}, asio::as_tuple(asio::use_awaitable));
    EXPECT_TRUE(std::get<0>(by_tuple).has_value());
  });
  asio::io_context context;
  client c{context.get_executor(), options_for(api)};
  auto future = c.async_mint({.account = "se-future"}, asio::use_future);
  std::optional<mint_result> by_callback;
  c.async_mint({.account = "se-callback"}, [&](mint_result r) { by_callback = std::move(r); });
  EXPECT_FALSE(by_callback) << "completed inside the initiating call";
  while (!by_callback) context.run_one();
  EXPECT_TRUE(by_callback->has_value());
  while (future.wait_for(std::chrono::seconds{0}) != std::future_status::ready) context.run_one();
  EXPECT_TRUE(future.get().has_value());
}

asio::awaitable<std::string> echo(std::string text) { co_return text; }

// What callers write, as they write it: temporaries of an await expression, which g++ 12 may destroy twice
// (docs/adr/0002-trivially-copyable-requests.md).
TEST(Client, requests_and_login_options_may_stand_inside_an_await) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    const std::string account = "se-a-name-that-is-longer-than-a-small-string";
    const std::string theme = "550e8400-e29b-41d4-a716-446655440000";
    for (int i = 0; i < 10; ++i) {
      auto minted = co_await c.mint({.account = account});
      EXPECT_TRUE(minted.has_value());
      auto url = co_await echo(minted->login_url({.theme_id = theme}).value());
      EXPECT_THAT(url, testing::HasSubstr(theme));
      auto plain = co_await echo(minted->login_url().value());
      EXPECT_EQ(plain, minted->redirect_url());
    }
  });
}

TEST(Client, mints_many_as_they_come) {
  sandbox::server api;
  std::vector<std::string> accounts;
  for (int i = 0; i < 1000; ++i) accounts.push_back("se-" + std::to_string(i));
  std::set<std::string> seen;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto results = c.mint_many(accounts, {.in_flight = 32});
    while (auto next = co_await results.next()) {
      EXPECT_TRUE(next->result.has_value());
      seen.insert(std::string{next->account.str()});
    }
    EXPECT_EQ(c.stats().minted, 1000u);
    EXPECT_LE(c.stats().dials, 8u);
  });
  EXPECT_EQ(seen.size(), 1000u);
}

// Not with the other tests' `run`, which waits: a timer left behind would go unseen.
TEST(Client, closed_leaves_the_context_without_work) {
  const sandbox::server api;
  asio::io_context context;
  client c{context.get_executor(), options_for(api)};
  bool closed = false;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        EXPECT_TRUE((co_await c.mint({"se-1"})).has_value());
        co_await c.close();
      },
      [&](std::exception_ptr thrown) {
        EXPECT_FALSE(thrown);
        closed = true;
      });
  while (!closed) ASSERT_EQ(context.run_one(), 1u);
  context.poll();
  EXPECT_TRUE(context.stopped()) << "something waits for what nobody needs";
}

}  // namespace
}  // namespace ephemint
