#include "support/client_run.hpp"

#include <gtest/gtest.h>

// A second request beside one that is late, against the sandbox.

namespace ephemint::test {
namespace {

client_options hedging(const sandbox::server& api, http2_use http2) {
  client_options options = options_for(api);
  options.http2 = http2;
  options.hedge = true;
  options.attempt_timeout = 60s;
  options.deadline = no_deadline;
  return options;
}

/// So many replies that the client knows what is late.
asio::awaitable<void> hear_replies(client& c, int replies) {
  for (int i = 0; i < replies; ++i) {
    const auto minted = co_await c.mint({.account = "se-usual"});
    EXPECT_TRUE(minted.has_value());
  }
}

/// The login that would take longer than the test may.
void expect_hedged(http2_use http2, std::uint64_t most_connections) {
  sandbox::server api{faulty({"account=se-late,delay=40s,count=1"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, hedging(api, http2)};
    co_await hear_replies(c, 60);
    const auto late = co_await c.mint({.account = "se-late"});
    EXPECT_TRUE(late.has_value());
    co_await hear_replies(c, 5);
    const client_stats did = c.stats();
    EXPECT_EQ(did.hedges, 1u);
    EXPECT_EQ(did.hedges_won, 1u);
    EXPECT_EQ(did.requests, 67u);
    EXPECT_EQ(did.minted, 66u);
    co_await c.close();
  });
  EXPECT_EQ(api.stats().requests_by_account.at("se-late"), 2u);
  EXPECT_LE(api.stats().connections_opened, most_connections);
}

// behaviours: HG3, HG4
TEST(client_hedge, second_request_wins_over_another_connection) { expect_hedged(http2_use::never, 2); }

// behaviours: HG3, HG4
TEST(client_hedge, second_request_wins_over_the_same_http2_connection) {
  if (!sandbox::server{}.speaks_http2()) GTEST_SKIP() << "this build is without nghttp2";
  expect_hedged(http2_use::only, 1);
}

}  // namespace
}  // namespace ephemint::test
