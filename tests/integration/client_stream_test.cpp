#include "support/client_run.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <map>
#include <ranges>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace ephemint {
namespace {

using namespace test;

TEST(Stream, one_result_comes_for_each_account_good_or_bad) {
  sandbox::server api{faulty({"account=se-7,status=404"})};
  auto asked = accounts(50);
  asked.push_back("not\nan account");
  asked.push_back("se-3");
  std::map<std::string, int> seen;
  std::map<std::string, int> outcomes;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto results = c.mint_many(asked);
    while (auto next = co_await results.next()) {
      ++seen[std::string{next->account.str()}];
      ++outcomes[name_of(next->result)];
    }
    auto after_the_end = co_await results.next();
    EXPECT_FALSE(after_the_end.has_value());
  });
  EXPECT_EQ(seen.size(), 51u);
  EXPECT_EQ(seen["se-3"], 2);
  EXPECT_EQ(outcomes, (std::map<std::string, int>{{"minted", 50}, {"rejected", 1}, {"invalid_request", 1}}));
}

TEST(Stream, no_more_accounts_are_read_than_may_be_under_way) {
  sandbox::server api;
  int read = 0;
  int taken = 0;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    const auto source = [&]() -> std::optional<account_id> {
      if (read == 40) return std::nullopt;
      ++read;
      return account_id{"se-1"};
    };
    auto results = c.mint_many(source, {.in_flight = 5});
    while (auto next = co_await results.next()) {
      ++taken;
      EXPECT_LE(read - taken, 5);
    }
  });
  EXPECT_EQ(taken, 40);
}

TEST(Stream, a_slow_source_does_not_hold_up_the_results) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    int given = 0;
    const auto source = [&]() -> asio::awaitable<std::optional<account_id>> {
      if (given == 2) co_return std::nullopt;
      if (given == 1) co_await pause_for(400ms);
      ++given;
      co_return account_id{"se-1"};
    };
    const auto begun = clock::now();
    auto results = c.mint_many(source);
    auto first = co_await results.next();
    EXPECT_TRUE(first && first->result);
    EXPECT_LT(clock::now() - begun, 350ms);
    auto second = co_await results.next();
    EXPECT_TRUE(second && second->result);
    auto none = co_await results.next();
    EXPECT_FALSE(none.has_value());
  });
}

TEST(Stream, what_a_source_throws_comes_out_after_the_results) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    int given = 0;
    const auto source = [&]() -> std::optional<account_id> {
      if (given++ == 3) throw std::runtime_error{"the database is gone"};
      return account_id{"se-1"};
    };
    auto results = c.mint_many(source);
    int minted = 0;
    std::string thrown;
    try {
      while (auto next = co_await results.next()) minted += next->result.has_value();
    } catch (const std::runtime_error& e) {
      thrown = e.what();
    }
    EXPECT_EQ(minted, 3);
    EXPECT_EQ(thrown, "the database is gone");
  });
}

// behaviours: I8, D2
TEST(Stream, a_token_that_waited_too_long_for_its_reader_is_minted_again) {
  sandbox::server api;
  auto options = options_for(api);
  options.min_remaining = 9800ms;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    auto results = c.mint_many(accounts(4), {.in_flight = 4, .deadline = 300ms});  // each mint's
    auto first = co_await results.next();
    EXPECT_TRUE(first && first->result);
    co_await pause_for(400ms);
    for (int i = 0; i < 3; ++i) {
      auto next = co_await results.next();
      EXPECT_TRUE(next && next->result && next->result->remaining() >= 9700ms);
    }
  });
  EXPECT_EQ(api.stats().requests, 7u);
}

TEST(Stream, a_single_pass_range_loses_nobody) {
  sandbox::server api;
  std::istringstream text{"se-1 se-2 se-3 se-4 se-5"};
  std::set<std::string> seen;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto results = c.mint_many(std::ranges::istream_view<std::string>(text), {.in_flight = 2});
    while (auto next = co_await results.next()) seen.insert(std::string{next->account.str()});
  });
  EXPECT_EQ(seen, (std::set<std::string>{"se-1", "se-2", "se-3", "se-4", "se-5"}));
}

TEST(Stream, a_cancelled_wait_throws_and_loses_nothing) {
  sandbox::server api{faulty({"delay=150ms"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto results = c.mint_many(accounts(1));
    asio::cancellation_signal signal;
    std::string ended;
    const auto reader = [&]() -> asio::awaitable<void> {
      try {
        auto next = co_await results.next();
        ended = next ? "result" : "end";
      } catch (const mint_exception& e) {
        ended = to_string(e.error().value());
      }
    };
    asio::co_spawn(co_await asio::this_coro::executor, reader(),
                   asio::bind_cancellation_slot(signal.slot(), asio::detached));
    co_await pause_for(50ms);
    signal.emit(asio::cancellation_type::terminal);
    co_await pause_for(20ms);
    EXPECT_EQ(ended, "cancelled");
    auto next = co_await results.next();
    EXPECT_TRUE(next && next->result);
  });
}

TEST(Stream, one_that_is_dropped_cancels_what_is_under_way) {
  sandbox::server api{faulty({"stall"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    {
      auto results = c.mint_many(accounts(10), {.in_flight = 10});
      asio::steady_timer soon{co_await asio::this_coro::executor, 50ms};
      soon.async_wait([&](auto) { c.async_mint({.account = "bad account"}, [](mint_result) {}); });
      c.async_mint({.account = "se-x", .deadline = 150ms}, [](mint_result) {});
      co_await pause_for(10ms);
    }
    co_await pause_for(300ms);
    EXPECT_EQ(c.stats().queued + c.stats().in_flight, 0u);
  });
}

// behaviours: R8
TEST(Stream, a_key_that_is_refused_costs_a_handful_of_requests_for_ten_thousand_accounts) {
  sandbox::server api;
  auto options = options_for(api);
  options.api_key = secret{"TEST_not-the-key"};
  std::map<std::string, int> outcomes;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    auto results = c.mint_many(accounts(10'000), {.in_flight = 64});
    while (auto next = co_await results.next()) ++outcomes[name_of(next->result)];
  });
  EXPECT_EQ(outcomes, (std::map<std::string, int>{{"unauthorized", 10'000}}));
  EXPECT_LE(api.stats().requests, 8u + 8u);
}

// behaviours: R8
TEST(Stream, one_accounts_own_401_does_not_harm_the_others) {
  sandbox::server api{faulty({"account=se-5,status=401"})};
  std::map<std::string, int> outcomes;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto results = c.mint_many(accounts(200));
    while (auto next = co_await results.next()) ++outcomes[name_of(next->result)];
  });
  EXPECT_EQ(outcomes, (std::map<std::string, int>{{"minted", 199}, {"unauthorized", 1}}));
}

// behaviours: R8
TEST(Stream, twelve_refused_accounts_in_a_row_lose_nobody_behind_them) {
  std::vector<std::string> faults;
  for (int i = 20; i < 32; ++i) faults.push_back("account=se-" + std::to_string(i) + ",status=401");
  sandbox::server api{faulty(faults)};
  std::map<std::string, int> outcomes;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto results = c.mint_many(accounts(300));
    while (auto next = co_await results.next()) ++outcomes[name_of(next->result)];
  });
  EXPECT_EQ(outcomes, (std::map<std::string, int>{{"minted", 288}, {"unauthorized", 12}}));
  EXPECT_EQ(api.stats().requests, 300u);
}

// behaviours: R8
TEST(Stream, firewalls_page_accuses_nobodys_key) {
  sandbox::server api{faulty({"status=403,body=html,count=2"})};
  std::map<std::string, int> outcomes;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto results = c.mint_many(accounts(100));
    while (auto next = co_await results.next()) ++outcomes[name_of(next->result)];
  });
  EXPECT_EQ(outcomes, (std::map<std::string, int>{{"minted", 100}}));
}

}  // namespace
}  // namespace ephemint
