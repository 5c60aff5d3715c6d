// Servers that send GOAWAY, in all usual ways, and servers that close without one.
#include "support/http2_trial.hpp"

#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using h2::error_code;

constexpr std::uint32_t no_last_stream_yet = 0x7fffffff;

class Http2Goaway : public testing::Test {};

void serve_whoever_comes(frame_peer& p) {
  p.open();
  p.serve();
}

/// Says goodbye to the first request, in that way.
frame_server::script goodbye(std::uint32_t last_stream, error_code code) {
  return [=](frame_peer& p) {
    p.open();
    if (p.next_request()) p.write(h2::goaway(last_stream, code));
  };
}

TEST_F(Http2Goaway, in_two_steps_loses_nothing) {
  frame_server api{{[](frame_peer& p) {
                      p.open();
                      const auto four = p.next_requests(4);
                      if (four.size() < 4) return;
                      p.write(h2::goaway(no_last_stream_yet, error_code::no_error));
                      for (const auto& each : four) p.write(good_reply(each));
                      p.write(h2::goaway(four.back().stream, error_code::no_error));
                      p.close();
                    },
                    &serve_whoever_comes}};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options), {{.mints = 4}, {}});
  EXPECT_EQ(seen.all(0), (outcomes{{"minted", 4}}));
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.connections(), 2);
  EXPECT_EQ(api.requests(), 5);
}

TEST_F(Http2Goaway, below_our_stream_is_a_free_retry_on_another_connection) {
  frame_server api{{goodbye(0, error_code::no_error), &serve_whoever_comes}};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options));
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.connections(), 2);
  EXPECT_EQ(api.requests(), 2);
}

TEST_F(Http2Goaway, between_our_streams_spares_the_lower_ones) {
  frame_server api{{[](frame_peer& p) {
                      p.open();
                      const auto four = p.next_requests(4);
                      if (four.size() < 4) return;
                      p.write(h2::goaway(four[1].stream, error_code::no_error) + good_reply(four[1]) +
                              good_reply(four[0]));
                    },
                    &serve_whoever_comes}};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options), {{.mints = 4}});
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 4}}));
  EXPECT_EQ(api.requests(), 6);
  EXPECT_EQ(api.finish().front().requests.size(), 4u);
}

TEST_F(Http2Goaway, below_our_stream_for_ever_ends) {
  frame_server api{goodbye(0, error_code::no_error)};
  auto options = options_for(api);
  options.max_attempts = 3;
  const auto seen = mint_through(std::move(options));
  EXPECT_EQ(seen.all(), (outcomes{{"connect_failed", 1}}));
  EXPECT_LE(api.requests(), 4);
  EXPECT_LE(api.connections(), 4);
}

TEST_F(Http2Goaway, at_our_stream_lets_its_reply_come) {
  frame_server api{{[](frame_peer& p) {
                      p.open();
                      if (const auto request = p.next_request())
                        p.write(h2::goaway(request->stream, error_code::no_error) + good_reply(*request));
                    },
                    &serve_whoever_comes}};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options), {{}, {}});
  EXPECT_EQ(seen.all(0), (outcomes{{"minted", 1}}));
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.requests(), 2);
}

TEST_F(Http2Goaway, at_our_stream_and_then_an_end_is_a_counted_attempt) {
  for (const int attempts : {1, 2}) {
    frame_server api{{[](frame_peer& p) {
                        p.open();
                        if (const auto request = p.next_request())
                          p.write(h2::goaway(request->stream, error_code::no_error));
                        p.close();
                      },
                      &serve_whoever_comes}};
    auto options = options_for(api);
    options.max_attempts = attempts;
    const auto seen = mint_through(std::move(options));
    EXPECT_EQ(seen.all(), (outcomes{{attempts == 1 ? "connect_failed" : "minted", 1}}));
    EXPECT_EQ(api.requests(), attempts);
  }
}

TEST_F(Http2Goaway, at_our_stream_and_then_silence_ends_with_the_attempts_time) {
  frame_server api{{goodbye(1, error_code::no_error), &serve_whoever_comes}};
  auto options = options_for(api);
  options.max_attempts = 2;
  options.attempt_timeout = 300ms;
  const auto seen = mint_through(std::move(options));
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.requests(), 2);
  EXPECT_EQ(api.connections(), 2);
}

TEST_F(Http2Goaway, with_an_error_is_a_counted_attempt_and_no_storm_of_dials) {
  frame_server api{goodbye(0, error_code::enhance_your_calm)};
  auto options = options_for(api);
  options.max_attempts = 3;
  const auto seen = mint_through(std::move(options), {{.mints = 4}});
  EXPECT_EQ(seen.all(), (outcomes{{"connect_failed", 4}}));
  EXPECT_LE(api.requests(), 4 * 4);
  EXPECT_LE(api.connections(), 8);
}

TEST_F(Http2Goaway, with_an_error_is_not_free) {
  for (const auto code : {error_code::enhance_your_calm, error_code::internal_error}) {
    frame_server api{{goodbye(0, code), &serve_whoever_comes}};
    auto options = options_for(api);
    options.max_attempts = 1;
    EXPECT_EQ(mint_through(std::move(options)).all(), (outcomes{{"connect_failed", 1}}));
    EXPECT_EQ(api.requests(), 1);
  }
}

TEST_F(Http2Goaway, whose_last_stream_rises_ends_somehow) {
  frame_server api{{[](frame_peer& p) {
                      p.open();
                      const auto three = p.next_requests(3);
                      if (three.size() < 3) return;
                      p.write(h2::goaway(three[0].stream, error_code::no_error) +
                              h2::goaway(three[2].stream, error_code::no_error));
                      for (const auto& each : three) p.write(good_reply(each));
                    },
                    &serve_whoever_comes}};
  const auto seen = mint_through(options_for(api), {{.mints = 3}});
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 3}}));
  EXPECT_LE(api.requests(), 6);
}

TEST_F(Http2Goaway, on_a_stream_is_an_error_of_the_connection) {
  frame_server api{{[](frame_peer& p) {
                      p.open();
                      if (p.next_request())
                        p.write(h2::frame(h2::frame_type::goaway, 0, 1, std::string(8, '\0')));
                    },
                    &serve_whoever_comes}};
  const auto seen = mint_through(options_for(api));
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.finish().front().goaways(), std::vector{error_code::protocol_error});
}

TEST_F(Http2Goaway, while_idle_takes_the_connection_away_before_the_next_request) {
  frame_server api{{[](frame_peer& p) {
                      p.open();
                      if (const auto request = p.next_request())
                        p.write(good_reply(*request) + h2::goaway(request->stream, error_code::no_error));
                    },
                    &serve_whoever_comes}};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options), {{}, {}});
  EXPECT_EQ(seen.all(0), (outcomes{{"minted", 1}}));
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 1}}));
  EXPECT_EQ(seen.stats.stale_retries, 0u);
  EXPECT_EQ(seen.stats.retries, 0u);
  const auto& connections = api.finish();
  ASSERT_EQ(connections.size(), 2u);
  EXPECT_EQ(connections[0].requests.size(), 1u);
}

TEST_F(Http2Goaway, connection_that_ends_while_idle_is_replaced_for_nothing) {
  using ending = void (frame_peer::*)();
  for (const ending how : {&frame_peer::close, &frame_peer::cut, &frame_peer::reset}) {
    frame_server api{{[=](frame_peer& p) {
                        p.open();
                        // Who answers the PING has read the reply: an RST overtakes what wasn't read. In one
                        // piece with it, so that it isn't heard behind the next requests.
                        if (const auto request = p.next_request())
                          p.write(good_reply(*request) + h2::ping("12345678"));
                        p.next_frame(h2::frame_type::ping, h2::flag::ack);
                        (p.*how)();
                      },
                      &serve_whoever_comes}};
    auto options = options_for(api);
    options.max_attempts = 1;
    const auto seen = mint_through(std::move(options), {{}, {.mints = 3}});
    EXPECT_EQ(seen.all(0), (outcomes{{"minted", 1}}));
    EXPECT_EQ(seen.all(1), (outcomes{{"minted", 3}}));
  }
}

/// How far a reply got before the connection ended.
struct broken_reply {
  const char* name;
  bool has_body;

  friend void PrintTo(const broken_reply& each, std::ostream* to) { *to << each.name; }
};
class Http2BrokenReply : public testing::TestWithParam<broken_reply> {};

TEST_P(Http2BrokenReply, is_none_and_a_counted_attempt) {
  for (const int attempts : {1, 2}) {
    frame_server api{{[](frame_peer& p) {
                        p.open();
                        if (const auto request = p.next_request()) {
                          const auto body = good_body(request->account());
                          p.write(h2::headers(request->stream, h2::block(good_fields(body.size()))) +
                                  (GetParam().has_body ? h2::data(request->stream, body)
                                                       : h2::data(request->stream, body.substr(0, 10))));
                        }
                        p.close();
                      },
                      &serve_whoever_comes}};
    auto options = options_for(api);
    options.max_attempts = attempts;
    const auto seen = mint_through(std::move(options));
    EXPECT_EQ(seen.all(), (outcomes{{attempts == 1 ? "connect_failed" : "minted", 1}}));
    EXPECT_EQ(api.requests(), attempts);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Http2BrokenReply,
                         testing::Values(broken_reply{"within_the_body", false},
                                         broken_reply{"behind_the_length_without_an_end", true}),
                         [](const auto& each) { return each.param.name; });

TEST_F(Http2Goaway, every_twenty_requests_loses_none_of_two_thousand) {
  frame_server api{[](frame_peer& p) {
    p.open();
    for (int n = 1; const auto request = p.next_request(); ++n) {
      if (n == 20) p.write(h2::goaway(no_last_stream_yet, error_code::no_error));
      if (!p.write(good_reply(*request))) return;
    }
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  options.max_connections = 4;
  int minted = 0;
  std::size_t most = 0;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    auto results = c.mint_many(account_source{accounts(2'000)}, {.in_flight = 32});
    for (auto each = co_await results.next(); each; each = co_await results.next()) {
      minted += name_of(each->result) == "minted" && account_in(each->result->value()) == each->account.str();
      most = std::max(most, c.stats().connections);
    }
  });
  EXPECT_EQ(minted, 2'000);
  EXPECT_LE(api.requests(), 2'040);
  EXPECT_LE(most, 4u);
  EXPECT_LE(api.most_connected(), 2 * 4) << "the server is told late that one has gone";
  EXPECT_LE(api.connections(), 110);
  for (const auto& each : api.finish()) EXPECT_TRUE(each.ended);
}

}  // namespace
}  // namespace ephemint::test
