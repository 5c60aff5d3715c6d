#include "support/client_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace ephemint {
namespace {

using namespace test;
using testing::HasSubstr;

// The members of an error, for each reply that may be the last.

struct ending {
  int status;
  mint_errc code;
  bool says_when;  ///< a server's word on when counts
};

const ending endings[] = {
    {200, mint_errc::rejected, false},     {302, mint_errc::rejected, false},
    {400, mint_errc::rejected, false},     {401, mint_errc::unauthorized, false},
    {403, mint_errc::unauthorized, false}, {404, mint_errc::rejected, false},
    {408, mint_errc::server_error, true},  {409, mint_errc::rejected, false},
    {421, mint_errc::server_error, true},  {425, mint_errc::server_error, true},
    {429, mint_errc::rate_limited, true},  {500, mint_errc::server_error, true},
    {502, mint_errc::server_error, true},  {503, mint_errc::server_error, true},
    {504, mint_errc::server_error, true},
};

/// The error after such a reply, without a second attempt.
mint_error error_after(int status, const std::string& more) {
  sandbox::server api{faulty({"status=" + std::to_string(status) + more})};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto outcome = mint_once(api, std::move(options));
  return outcome ? mint_error{mint_errc::invalid_request} : outcome.error();
}

// behaviours: P4, P5, R13
TEST(ErrorFacts, of_every_status_are_kept_and_a_time_is_there_only_to_come_again) {
  for (const ending& e : endings) {
    SCOPED_TRACE(e.status);
    const mint_error error = error_after(e.status, ",retry_after=7");
    EXPECT_EQ(error.value(), e.code);
    EXPECT_EQ(error.http_status(), e.status);
    EXPECT_NE(error.request_id(), "");
    EXPECT_EQ(error.api_errors().size(), 1u);
    EXPECT_EQ(error.attempts(), 1);
    EXPECT_THAT(std::string{error.message()}, HasSubstr("HTTP " + std::to_string(e.status)));
    EXPECT_THAT(std::string{error.message()}, testing::Not(HasSubstr("unspecified")));
    ASSERT_EQ(error.retry_after().has_value(), e.says_when);
    if (!e.says_when) continue;
    EXPECT_TRUE(error.code() == mint_condition::retry_later);
    EXPECT_GT(*error.retry_after(), 5s);
    EXPECT_LE(*error.retry_after(), 7s + 1s);  // and a pause's jitter
  }
}

// behaviours: P4, P5, F10, F12, P1
TEST(ErrorFacts, survive_a_body_that_cant_be_read) {
  const std::string deep = ",text=\"" + std::string(40, '[') + std::string(40, ']') + '"';
  for (const std::string& body :
       {std::string{",body_padding=70000"}, std::string{",body_padding=70000,chunked"},
        std::string{",body_padding=70000,until_close"}, deep,
        std::string{",header=\"Content-Encoding: gzip\""}, std::string{",body=html"}}) {
    for (const ending& e : endings) {
      if (e.status == 200) continue;
      SCOPED_TRACE(std::to_string(e.status) + body.substr(0, 40));
      const mint_error error = error_after(e.status, body);
      // Without the API's own error a 401 or 403 is a gateway's (R8).
      const bool gateways = e.status == 401 || e.status == 403;
      EXPECT_EQ(error.value(), gateways ? mint_errc::server_error : e.code);
      EXPECT_EQ(error.http_status(), e.status);
      EXPECT_NE(error.request_id(), "") << "the header's";
      EXPECT_THAT(std::string{error.message()}, HasSubstr("HTTP " + std::to_string(e.status)));
    }
    const mint_error error = error_after(200, body);
    EXPECT_EQ(error.value(), mint_errc::bad_response) << body.substr(0, 40);
    EXPECT_EQ(error.http_status(), 200);
    EXPECT_NE(error.request_id(), "");
  }
}

/// Errors that the client finds itself.
void expect_no_reply(const mint_result& outcome, mint_errc code, int attempts) {
  ASSERT_EQ(name_of(outcome), to_string(code));
  EXPECT_EQ(outcome.error().http_status(), 0);
  EXPECT_EQ(outcome.error().request_id(), "");
  EXPECT_TRUE(outcome.error().api_errors().empty());
  EXPECT_EQ(outcome.error().attempts(), attempts);
  EXPECT_EQ(outcome.error().retry_after(), std::nullopt);
}

// behaviours: N5, T1, T3
TEST(ErrorFacts, without_a_reply_claim_none_and_no_time_to_come_again) {
  client_options options;
  {
    sandbox::server gone;
    options = options_for(gone);
    options.first_backoff = 1ms;
    auto request = mint_request{.account = "se 1"};
    expect_no_reply(mint_once(gone, options, request), mint_errc::invalid_request, 0);
  }
  expect_no_reply(mint_once(sandbox::server{}, options), mint_errc::connect_failed, 3);

  sandbox::server_options expired;
  expired.certificate = sandbox::certificate_kind::expired;
  const sandbox::server untrusted{expired};
  expect_no_reply(mint_once(untrusted, options_for(untrusted)), mint_errc::tls_failed, 1);

  const sandbox::server leaving{faulty({"handshake=close"})};
  options = options_for(leaving);
  options.max_attempts = 1;
  expect_no_reply(mint_once(leaving, options), mint_errc::connect_failed, 1);

  const sandbox::server silent{faulty({"stall"})};
  options = options_for(silent);
  options.max_attempts = 1;
  options.attempt_timeout = 100ms;
  expect_no_reply(mint_once(silent, options), mint_errc::timed_out, 1);
}

// behaviours: R8
TEST(ErrorFacts, of_a_refused_key_name_a_time_only_while_nobody_asks_by_it) {
  sandbox::server api{faulty({"status=401,retry_after=7"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    for (int i = 0; i < 6; ++i) {
      auto refused = co_await c.mint({.account = "se-" + std::to_string(i)});
      EXPECT_EQ(name_of(refused), "unauthorized");
      const bool nothing_sent = !refused && refused.error().attempts() == 0;
      EXPECT_TRUE(refused || refused.error().retry_after().has_value() == nothing_sent) << i;
    }
  });
}

// behaviours: R13
TEST(ErrorFacts, a_503_that_says_when_is_waited_for_and_pauses_nobody_else) {
  sandbox::server api{faulty({"account=se-1,status=503,retry_after=2,count=1"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    const auto begun = clock::now();
    bool minted_first = false;
    c.async_mint({.account = "se-1"}, [&](mint_result r) {
      EXPECT_EQ(name_of(r), "minted");
      EXPECT_GE(clock::now() - begun, 2s);
      minted_first = true;
    });
    while (c.stats().retries == 0 && c.stats().queued == 0) co_await pause_for(5ms);
    auto other = co_await c.mint({.account = "se-2"});
    EXPECT_EQ(name_of(other), "minted");
    EXPECT_FALSE(minted_first) << "the key is paused";
    while (!minted_first) co_await pause_for(20ms);
  });
  EXPECT_EQ(api.stats().requests, 3u);
}

// behaviours: R13
TEST(ErrorFacts, a_503_until_after_the_deadline_fails_now) {
  for (const std::string when : {"30", "\"Fri, 31 Dec 2999 23:59:59 GMT\""}) {
    sandbox::server api{faulty({"status=503,retry_after=" + when})};
    const auto outcome = mint_once(api, options_for(api));
    ASSERT_EQ(name_of(outcome), "server_error");
    const bool nonsense = when != "30";  // behaviours: R14
    EXPECT_EQ(api.stats().requests, nonsense ? 3u : 1u);
    EXPECT_EQ(outcome.error().retry_after().has_value(), !nonsense);
  }
}

// behaviours: R14
TEST(ErrorFacts, a_unix_time_for_a_wait_silences_nobody) {
  sandbox::server api{faulty({"status=503,retry_after=1795000000,count=1"})};
  EXPECT_EQ(name_of(mint_once(api, options_for(api))), "minted");
}

// behaviours: R15
TEST(ErrorFacts, a_reply_about_a_fresh_connection_is_tried_again_on_another) {
  for (const char* status : {"408", "421", "425"})
    for (const char* more : {"", ",announce_close"}) {
      SCOPED_TRACE(std::string{status} + more);
      sandbox::server api{faulty({std::string{"status="} + status + more + ",count=1"})};
      run([&]() -> asio::awaitable<void> {
        client c{co_await asio::this_coro::executor, options_for(api)};
        auto minted = co_await c.mint({.account = "se-1"});
        EXPECT_EQ(name_of(minted), "minted");
        EXPECT_EQ(c.stats().retries, 1u) << "counted";
        EXPECT_EQ(c.stats().stale_retries, 0u);
      });
      EXPECT_EQ(api.stats().connections_opened, 2u);
    }
}

}  // namespace
}  // namespace ephemint
