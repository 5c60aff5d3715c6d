// A real API that goes away in the middle of a batch, and comes back.
#include "support/client_run.hpp"

#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

namespace ephemint {
namespace {

using namespace test;

struct absence {
  const char* what;
  std::string fault;
  bool connections_end;
};

class Outage : public testing::TestWithParam<absence> {};

asio::awaitable<void> until(std::function<bool()> holds) {
  for (int i = 0; i < 2'000 && !holds(); ++i) co_await pause_for(5ms);
  EXPECT_TRUE(holds());
}

asio::awaitable<void> take_all(client& minter, int& minted) {
  auto results = minter.mint_many(accounts(10));
  while (auto next = co_await results.next()) minted += next->result ? 1 : 0;
}

void go_away(sandbox::server& api, const absence& how) {
  api.add_fault(sandbox::parse_fault(how.fault));
  if (how.connections_end) api.reset_connections();
}

client_options quick(const sandbox::server& api) {
  auto o = options_for(api);
  o.attempt_timeout = 200ms;
  o.handshake_timeout = 200ms;
  return o;
}

// behaviours: A4
TEST_P(Outage, batch_waits_and_every_account_gets_its_token) {
  sandbox::server api;
  std::map<std::string, int> outcomes;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, quick(api)};
    auto first = co_await c.mint({"se-first"});
    EXPECT_TRUE(first.has_value());
    EXPECT_FALSE(c.outage());
    go_away(api, GetParam());
    asio::co_spawn(
        co_await asio::this_coro::executor,
        [](client& watched, sandbox::server& server) -> asio::awaitable<void> {
          auto away = until([&watched] { return watched.outage().has_value(); });
          co_await std::move(away);
          const auto seen = watched.outage();
          EXPECT_TRUE(!seen || seen->lasted >= 0s);
          EXPECT_TRUE(!seen || !seen->cause.message().empty());
          co_await pause_for(300ms);
          server.clear_faults();
        }(c, api),
        asio::detached);
    auto results = c.mint_many(accounts(60));
    while (auto next = co_await results.next()) ++outcomes[name_of(next->result)];
    EXPECT_FALSE(c.outage());
  });
  EXPECT_EQ(outcomes, (std::map<std::string, int>{{"minted", 60}}));
}

// behaviours: A4
TEST_P(Outage, batch_hears_it_when_its_patience_is_over) {
  sandbox::server api;
  std::map<std::string, int> outcomes;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, quick(api)};
    auto first = co_await c.mint({"se-first"});
    EXPECT_TRUE(first.has_value());
    go_away(api, GetParam());
    auto results = c.mint_many(accounts(10), {.outage_patience = 1s});
    while (auto next = co_await results.next()) ++outcomes[next->result ? "minted" : "failed"];
  });
  EXPECT_EQ(outcomes, (std::map<std::string, int>{{"failed", 10}}));
}

// behaviours: A4, I1
TEST_P(Outage, login_keeps_its_deadline) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, quick(api)};
    auto first = co_await c.mint({"se-first"});
    EXPECT_TRUE(first.has_value());
    go_away(api, GetParam());
    int minted = 0;
    asio::co_spawn(co_await asio::this_coro::executor, take_all(c, minted), asio::detached);
    auto away = until([&c] { return c.outage().has_value(); });
    co_await std::move(away);
    auto login = co_await c.mint({.account = "se-login", .deadline = 1s});
    EXPECT_FALSE(login.has_value());
    EXPECT_EQ(minted, 0);
    api.clear_faults();
    auto all = until([&] { return minted == 10; });
    co_await std::move(all);
  });
}

INSTANTIATE_TEST_SUITE_P(kinds, Outage,
                         testing::Values(absence{"refusing", "handshake=reset", true},
                                         absence{"failing", "status=503", false},
                                         absence{"silent", "stall", false},
                                         absence{"hanging", "handshake=stall", true}),
                         [](const auto& info) { return std::string{info.param.what}; });

// behaviours: A4
TEST(OutageShared, clients_of_one_governor_share_what_they_know_of_it) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    auto options = quick(api);
    options.rate.reset();
    options.governor = make_rate_governor(quota::unlimited());
    const auto executor = co_await asio::this_coro::executor;
    client a{executor, options};
    client b{executor, options};
    auto first = co_await a.mint({"se-first"});
    EXPECT_TRUE(first.has_value());
    api.add_fault(sandbox::parse_fault("status=503"));
    int minted = 0;
    asio::co_spawn(executor, take_all(a, minted), asio::detached);
    auto away = until([&] { return b.outage().has_value(); });
    co_await std::move(away);
    asio::co_spawn(
        executor,
        [](client& other, int& count) -> asio::awaitable<void> {
          auto late = co_await other.mint({.account = "se-late", .deadline = no_deadline});
          count += late ? 1 : 0;
        }(b, minted),
        asio::detached);
    auto waits = until([&] { return b.stats().queued == 1; });
    co_await std::move(waits);
    api.clear_faults();
    auto both = until([&] { return minted == 11; });
    co_await std::move(both);
    EXPECT_EQ(b.stats().failed, 0u);
  });
}

}  // namespace
}  // namespace ephemint
