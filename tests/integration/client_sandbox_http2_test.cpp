#include "support/client_run.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

// A client and the sandbox over HTTP/2: what each fault costs.

namespace ephemint::test {
namespace {

client_options over_http2(const sandbox::server& api) {
  client_options options = options_for(api);
  options.http2 = http2_use::only;
  return options;
}

class client_sandbox_http2 : public testing::Test {
 protected:
  void SetUp() override {
    if (!sandbox::server{}.speaks_http2()) GTEST_SKIP() << "this build is without nghttp2";
  }
};

TEST_F(client_sandbox_http2, many_mints_share_a_connection) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client_options options = over_http2(api);
    client c{co_await asio::this_coro::executor, std::move(options)};
    many_options many;
    many.in_flight = 50;
    mint_stream results = c.mint_many(accounts(500), many);
    int minted = 0;
    for (auto one = co_await results.next(); one; one = co_await results.next())
      minted += one->result.has_value() ? 1 : 0;
    EXPECT_EQ(minted, 500);
  });
  const sandbox::server_stats seen = api.stats();
  EXPECT_EQ(seen.http2_requests, 500U);
  EXPECT_EQ(seen.requests_by_account.size(), 500U);
  EXPECT_LE(seen.connections_opened, 2U);
  EXPECT_EQ(seen.refused_streams, 0U);
}

TEST_F(client_sandbox_http2, odd_but_right_replies_are_taken) {
  for (const char* spec : {"chunked",
                           "until_close",
                           "interim=3",
                           "one_byte_records",
                           "keep_alive=5",
                           "announce_close",
                           "body_padding=1000",
                           "extra=surplus",
                           "padding=255",
                           "continuations=3",
                           "data_size=7",
                           "empty_data=50",
                           "trailer=\"Retry-After: 9\"",
                           "ping=3",
                           "settings_delay=50ms",
                           "window=0",
                           "rst=NO_ERROR:after",
                           "goaway=NO_ERROR",
                           "goaway=NO_ERROR:every",
                           "max_streams=1"}) {
    sandbox::server api{faulty({spec})};
    EXPECT_EQ(name_of(mint_once(api, over_http2(api))), "minted") << spec;
    EXPECT_EQ(api.stats().http2_requests, 1U) << spec;
  }
}

TEST_F(client_sandbox_http2, what_breaks_off_is_sent_again) {
  for (const char* spec :
       {"refuse", "goaway=NO_ERROR:earlier", "goaway=ENHANCE_YOUR_CALM:earlier", "rst=INTERNAL_ERROR",
        "rst=CANCEL:inside", "rst=0xbad", "close=before", "cut=inside:40", "reset", "status=503"}) {
    sandbox::server api{faulty({std::string{spec} + ",count=1"})};
    EXPECT_EQ(name_of(mint_once(api, over_http2(api))), "minted") << spec;
    EXPECT_EQ(api.stats().http2_requests, 2U) << spec;
  }
}

TEST_F(client_sandbox_http2, refusals_are_no_attempts) {
  sandbox::server api{faulty({"refuse,count=1"})};
  client_options options = over_http2(api);
  options.max_attempts = 1;
  EXPECT_EQ(name_of(mint_once(api, options)), "minted");
}

TEST_F(client_sandbox_http2, stream_that_stays_silent_costs_an_attempt) {
  for (const char* spec : {"silent,count=1", "unfinished,count=1"}) {
    sandbox::server api{faulty({spec})};
    client_options options = over_http2(api);
    options.attempt_timeout = 150ms;
    EXPECT_EQ(name_of(mint_once(api, options)), "minted") << spec;
    EXPECT_EQ(api.stats().http2_requests, 2U) << spec;
  }
}

TEST_F(client_sandbox_http2, replies_that_are_none_are_not_asked_for_again) {
  for (const char* spec : {"missing=4", "header_padding=20000", "body_padding=100000", "interim=20",
                           "header=\"Connection: close\"", "trailer=\":status: 200\""}) {
    sandbox::server api{faulty({spec})};
    EXPECT_EQ(name_of(mint_once(api, over_http2(api))), "bad_response") << spec;
    EXPECT_EQ(api.stats().http2_requests, 1U) << spec;
  }
}

TEST_F(client_sandbox_http2, http1_is_spoken_where_it_is_required) {
  sandbox::server api{faulty({"rst=HTTP_1_1_REQUIRED"})};
  EXPECT_EQ(name_of(mint_once(api,
                              [&] {
                                client_options options = options_for(api);
                                options.http2 = http2_use::automatic;
                                return options;
                              }())),
            "minted");
  EXPECT_EQ(api.stats().http2_requests, 1U);
  EXPECT_EQ(api.stats().requests, 2U);
}

TEST_F(client_sandbox_http2, both_sides_choose) {
  const auto minted_with = [](http2_use ours, sandbox::http2_use theirs) {
    sandbox::server_options served;
    served.http2 = theirs;
    sandbox::server api{served};
    client_options options = options_for(api);
    options.http2 = ours;
    const std::string outcome = name_of(mint_once(api, options));
    return outcome + (api.stats().http2_requests != 0 ? " over 2" : "");
  };
  EXPECT_EQ(minted_with(http2_use::automatic, sandbox::http2_use::automatic), "minted over 2");
  EXPECT_EQ(minted_with(http2_use::automatic, sandbox::http2_use::never), "minted");
  EXPECT_EQ(minted_with(http2_use::never, sandbox::http2_use::automatic), "minted");
  EXPECT_EQ(minted_with(http2_use::only, sandbox::http2_use::only), "minted over 2");
  EXPECT_EQ(minted_with(http2_use::only, sandbox::http2_use::never), "tls_failed");
  EXPECT_EQ(minted_with(http2_use::never, sandbox::http2_use::only), "tls_failed");
}

TEST_F(client_sandbox_http2, server_that_takes_twenty_a_connection_loses_none) {
  sandbox::server api{faulty({"goaway=NO_ERROR,nth=20"})};
  run([&]() -> asio::awaitable<void> {
    client_options options = over_http2(api);
    options.max_attempts = 2;
    client c{co_await asio::this_coro::executor, std::move(options)};
    many_options many;
    many.in_flight = 8;
    mint_stream results = c.mint_many(accounts(400), many);
    int minted = 0;
    for (auto one = co_await results.next(); one; one = co_await results.next())
      minted += one->result.has_value() ? 1 : 0;
    EXPECT_EQ(minted, 400);
  });
  EXPECT_EQ(api.stats().minted, 400U) << "what a GOAWAY left wasn't looked at";
}

}  // namespace
}  // namespace ephemint::test
