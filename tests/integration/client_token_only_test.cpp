#include "support/client_run.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ephemint {
namespace {

using namespace test;

// The sandbox answers with a `redirect_url` where the `redirect` parameter was sent, and only there.

// behaviours: P1
TEST(TokenOnly, each_request_gets_what_it_asked_for) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    int bare = 0, whole = 0;
    for (int i = 0; i < 20; ++i) {
      const bool token_only = i % 2 == 0;
      c.async_mint({.account = "se-1", .token_only = token_only}, [&, token_only](mint_result r) {
        ASSERT_EQ(name_of(r), "minted");
        EXPECT_NE(r->value(), "");
        EXPECT_EQ(r->redirect_url().empty(), token_only);
        EXPECT_EQ(r->login_url().has_value(), !token_only);
        ++(token_only ? bare : whole);
      });
    }
    while (bare + whole < 20) co_await pause_for(5ms);
    EXPECT_EQ(bare, 10);
  });
}

// behaviours: P1
TEST(TokenOnly, is_kept_by_a_retry_and_another_key) {
  sandbox::server api{faulty({"status=503,count=1"})};
  auto options = options_for(api);
  credential key = options.api_key;
  options.first_backoff = 1ms;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    auto retried = co_await c.mint({.account = "se-1", .token_only = true});
    EXPECT_EQ(name_of(retried), "minted");
    EXPECT_EQ(c.stats().retries, 1u);
    api.set_api_key("TEST_another");
    key.rotate(secret{"TEST_another"});
    auto rotated = co_await c.mint({.account = "se-1", .token_only = true});
    EXPECT_EQ(name_of(rotated), "minted");
    for (const auto* r : {&retried, &rotated}) EXPECT_TRUE(!*r || (*r)->redirect_url().empty());
  });
}

// behaviours: P1
TEST(TokenOnly, is_for_a_stream_too) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto results = c.mint_many(accounts(10), {.token_only = true});
    int minted = 0;
    for (;;) {
      auto each = co_await results.next();
      if (!each) break;
      EXPECT_EQ(name_of(each->result), "minted");
      EXPECT_TRUE(!each->result || each->result->redirect_url().empty());
      ++minted;
    }
    EXPECT_EQ(minted, 10);
  });
}

// behaviours: A6
TEST(TokenOnly, reply_that_comes_too_late_accuses_no_node) {
  sandbox::server api{faulty({"delay=150ms,count=1"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto late = co_await c.mint({.account = "se-1", .deadline = 100ms, .token_only = true});
    EXPECT_EQ(name_of(late), "timed_out");
    co_await pause_for(150ms);
    auto next = co_await c.mint({.account = "se-1", .token_only = true});
    EXPECT_EQ(name_of(next), "minted");
    EXPECT_EQ(c.stats().dials, 1u) << "the connection was kept";
  });
}

// behaviours: P1, P3
TEST(TokenOnly, a_redirect_url_that_comes_unasked_is_checked) {
  for (const std::string host : {"localhost", "evil.example"}) {
    sandbox::server api{faulty({R"(close,template="HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n)"
                                R"({\"token\":\"$TOKEN\",\"redirect_url\":\"https://)" +
                                host + R"(/?token=$TOKEN\"}")"})};
    const auto outcome = mint_once(api, options_for(api), {.account = "se-1", .token_only = true});
    EXPECT_EQ(name_of(outcome), host == "localhost" ? "minted" : "bad_response");
  }
}

}  // namespace
}  // namespace ephemint
