#include "support/client_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ephemint {
namespace {

using namespace test;
using testing::HasSubstr;

struct reply_case {
  const char* fault;
  const char* outcome;
  unsigned requests;  // that the API saw
};

class Reply : public testing::TestWithParam<reply_case> {};

// behaviours: P4, R2, R8, F3, F4, F13
TEST_P(Reply, ends_as_it_should) {
  sandbox::server api{faulty({GetParam().fault})};
  auto options = options_for(api);
  options.first_backoff = 1ms;
  options.attempt_timeout = 500ms;
  const auto outcome = mint_once(api, std::move(options));
  EXPECT_EQ(name_of(outcome), GetParam().outcome) << (outcome ? "" : outcome.error().message());
  EXPECT_EQ(api.stats().requests, GetParam().requests);
}

INSTANTIATE_TEST_SUITE_P(
    All, Reply,
    testing::Values(
        reply_case{"status=400", "rejected", 1}, reply_case{"status=401", "unauthorized", 1},
        reply_case{"status=403", "unauthorized", 1}, reply_case{"status=404", "rejected", 1},
        reply_case{"status=403,body=html", "server_error", 3},
        reply_case{"status=401,body=empty,count=2", "minted", 3},
        reply_case{"status=302,header=\"Location: https://example.com/\"", "rejected", 1},
        reply_case{"status=500", "server_error", 3}, reply_case{"status=503,body=html", "server_error", 3},
        reply_case{"status=502,body=empty", "server_error", 3}, reply_case{"status=503,count=2", "minted", 3},
        reply_case{"status=200,body=html", "bad_response", 1},
        reply_case{"status=200,body=empty", "bad_response", 1},
        reply_case{"body=malformed", "bad_response", 1},
        reply_case{"status=400,text=\"nonsense\"", "rejected", 1},
        reply_case{"missing=10", "connect_failed", 3}, reply_case{"reset=inside:40", "connect_failed", 3},
        reply_case{"cut=before,count=1", "minted", 2}, reply_case{"stall,count=1", "minted", 2},
        reply_case{"interim=3", "minted", 1}, reply_case{"interim=9", "bad_response", 1},
        reply_case{"raw=\"HTTP/1.1 200 OK\\r\\nContent-Length: +5\\r\\n\\r\\nhello\"", "bad_response", 1},
        reply_case{"header_padding=20000", "bad_response", 1},
        reply_case{"body_padding=70000", "bad_response", 1}, reply_case{"chunked", "minted", 1},
        reply_case{"one_byte_records", "minted", 1}, reply_case{"announce_close", "minted", 1},
        reply_case{"until_close,close", "minted", 1}, reply_case{"extra=\"HTTP/1.1 200 OK\"", "minted", 1}));

// behaviours: R4, C5
TEST(Replies, a_long_retry_after_is_told_at_once_and_obeyed_by_all) {
  sandbox::server api{faulty({"status=429,retry_after=30,count=1"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    const auto begun = clock::now();
    auto first = co_await c.mint({.account = "se-1"});
    auto second = co_await c.mint({.account = "se-2"});
    EXPECT_LT(clock::now() - begun, 2s);
    for (const auto* r : {&first, &second}) {
      EXPECT_EQ(name_of(*r), "rate_limited");
      if (*r) continue;
      EXPECT_GT(r->error().retry_after().value_or(0s), 28s);
      EXPECT_LT(r->error().retry_after().value_or(0s), 32s);
      EXPECT_TRUE(r->error().code() == mint_condition::retry_later);
    }
    EXPECT_EQ(first.error().http_status(), 429);
    EXPECT_EQ(first.error().api_errors().at(0).code, api_error_code::rate_limit_exceeded);
    EXPECT_GT(c.estimate(), 28s);
  });
  EXPECT_EQ(api.stats().requests, 1u);
}

// behaviours: C5
TEST(Replies, one_429_that_ends_every_waiting_mint_at_once_is_survived) {
  sandbox::server api{faulty({"status=429,retry_after=30,count=1,delay=50ms"})};
  auto options = options_for(api);
  options.max_connections = 1;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    int limited = 0;
    for (int i = 0; i < 3; ++i)
      c.async_mint({.account = "se-1"}, [&](mint_result r) { limited += name_of(r) == "rate_limited"; });
    auto last = co_await c.mint({.account = "se-2"});
    EXPECT_EQ(name_of(last), "rate_limited");
    EXPECT_EQ(limited, 3);
  });
}

// behaviours: R10
TEST(Replies, an_accounts_own_quota_leaves_the_others_alone_with_a_shared_governor_too) {
  sandbox::server api;
  auto options = options_for(api);
  options.rate.reset();
  options.governor = make_rate_governor(quota::declared(2, 60s), quota_scope::per_account);
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    for (int i = 0; i < 3; ++i) c.async_mint({.account = "se-a", .deadline = 120s}, [](mint_result) {});
    auto other = co_await c.mint({.account = "se-b", .deadline = 2s});
    EXPECT_EQ(name_of(other), "minted");
    EXPECT_EQ(c.stats().queued, 1u);
  });
}

// behaviours: R1
TEST(Replies, a_short_retry_after_is_waited_for) {
  sandbox::server api{faulty({"status=429,retry_after=1,count=1"})};
  const auto begun = clock::now();
  const auto outcome = mint_once(api, options_for(api));
  EXPECT_EQ(name_of(outcome), "minted");
  EXPECT_GE(clock::now() - begun, 1s);
  EXPECT_EQ(api.stats().requests, 2u);
}

// behaviours: R3
TEST(Replies, a_carriers_rate_limit_does_not_pause_the_key) {
  sandbox::server api{
      faulty({"account=se-1,status=400,source=carrier,code=rate_limit_exceeded,retry_after=60"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto first = co_await c.mint({.account = "se-1"});
    EXPECT_FALSE(first.has_value());
    auto second = co_await c.mint({.account = "se-2"});
    EXPECT_EQ(name_of(second), "minted");
  });
}

// behaviours: C8, I8
TEST(Replies, a_token_that_took_too_long_is_minted_again) {
  sandbox::server api{faulty({"delay=300ms,count=1"})};
  auto options = options_for(api);
  options.min_remaining = 9850ms;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    auto minted = co_await c.mint({.account = "se-1"});
    EXPECT_EQ(name_of(minted), "minted");
    EXPECT_GE(minted->remaining(), 9800ms);
    EXPECT_EQ(c.stats().expired, 1u);
    EXPECT_EQ(c.stats().requests, 2u);
  });
}

// behaviours: F16
TEST(Replies, a_dripping_reply_ends_at_the_deadline) {
  sandbox::server api{faulty({"drip=50ms"})};
  auto options = options_for(api);
  options.deadline = 400ms;
  const auto begun = clock::now();
  EXPECT_EQ(name_of(mint_once(api, std::move(options))), "timed_out");
  EXPECT_LT(clock::now() - begun, 400ms + 250ms + 500ms);  // behaviours I1, and a slow machine
}

// behaviours: I5, P7
TEST(Replies, neither_key_nor_token_appears_in_an_error) {
  sandbox::server_options so;
  so.api_key = "TEST_planted-secret-0123456789";
  so.faults.push_back(sandbox::parse_fault("status=400,message=\"bad key TEST_planted-secret-0123456789\""));
  sandbox::server api{so};
  const auto outcome = mint_once(api, options_for(api));
  ASSERT_FALSE(outcome.has_value());
  std::ostringstream shown;
  shown << outcome.error() << outcome.error().api_errors().at(0).message
        << mint_exception{outcome.error()}.what();
  EXPECT_THAT(shown.str(), testing::Not(HasSubstr("planted-secret")));
}

}  // namespace
}  // namespace ephemint
