// What a client reports about itself.
#include "support/client_run.hpp"

#include <optional>
#include <utility>

namespace ephemint {
namespace {

using namespace test;

/// The stats of such a client after so many mints, each of which may have failed.
client_stats after_mints(client_options options, int mints) {
  client_stats seen;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    for (int i = 0; i < mints; ++i) {
      const std::string account = "se-" + std::to_string(i);
      co_await c.mint({.account = account});
    }
    seen = c.stats();
  });
  return seen;
}

// behaviours: R18
TEST(Stats, quota_is_told_with_what_is_used_of_it) {
  for (const http2_use protocol : protocols()) {
    sandbox::server api;
    auto options = options_for(api);
    options.http2 = protocol;
    options.rate = quota::declared(50, 60s);
    const client_stats seen = after_mints(std::move(options), 3);
    EXPECT_EQ(seen.quota, (quota_state{.in_force = quota::declared(50, 60s), .used = 3}));
    EXPECT_FALSE(seen.key_refused);
    EXPECT_EQ(seen.connections, 1u);
    EXPECT_EQ(seen.http2_connections, protocol == http2_use::only ? 1u : 0u);
  }
}

// behaviours: R18
TEST(Stats, pause_that_the_api_asks_for_is_told) {
  for (const http2_use protocol : protocols()) {
    sandbox::server api{faulty({"status=429,retry_after=200"})};
    auto options = options_for(api);
    options.http2 = protocol;
    options.max_attempts = 1;
    const client_stats seen = after_mints(std::move(options), 1);
    EXPECT_EQ(seen.rate_limited, 1u);
    EXPECT_GT(seen.quota.pause, 100s);
    EXPECT_LE(seen.quota.pause, 200'250ms);
    EXPECT_FALSE(seen.quota.probing);
  }
}

TEST(Stats, quota_of_a_governor_that_clients_share_is_one) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    auto options = options_for(api);
    options.rate.reset();
    options.governor = make_rate_governor(quota::declared(50, 60s));
    client first{executor, client_options{options}}, second{executor, std::move(options)};
    auto minted = co_await first.mint({.account = "se-1"});
    EXPECT_EQ(name_of(minted), "minted");
    EXPECT_EQ(second.stats().quota.used, 1u);
    EXPECT_EQ(second.stats().minted, 0u);
  });
}

// behaviours: R18
TEST(Stats, key_is_called_refused_when_its_gate_has_fallen_and_no_longer_when_it_is_another) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    credential key = options.api_key;
    key.rotate(secret{"TEST_not-the-key"});
    options.max_connections = 10;  // that many are out before the first answer: three probes come behind them
    client c{co_await asio::this_coro::executor, std::move(options)};
    auto warm = co_await c.warm_up(10);
    EXPECT_TRUE(warm);
    auto results = c.mint_many(accounts(20), {.in_flight = 20});
    while (co_await results.next()) {
    }
    EXPECT_TRUE(c.stats().key_refused);
    key.rotate(secret{api.api_key()});
    EXPECT_FALSE(c.stats().key_refused);
  });
}

TEST(Stats, background_mints_that_wait_are_told_apart) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    auto options = options_for(api);
    options.rate = quota::declared(1, 24h);
    std::optional<client> c{std::in_place, co_await asio::this_coro::executor, std::move(options)};
    auto minted = co_await c->mint({.account = "se-0"});
    EXPECT_EQ(name_of(minted), "minted");
    int ended = 0;
    for (const auto urgency : {priority::background, priority::interactive, priority::background})
      c->async_mint({"se-1", urgency, no_deadline}, [&](const mint_result&) { ++ended; });
    while (c->stats().queued < 3) co_await pause_for(1ms);
    EXPECT_EQ(c->stats().queued_background, 2u);
    c.reset();
    while (ended < 3) co_await pause_for(1ms);
  });
}

}  // namespace
}  // namespace ephemint
