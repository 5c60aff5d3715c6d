// Streams that a server ends without a reply, or behind one.
#include "support/http2_trial.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using h2::error_code;

class Http2Resets : public testing::Test {};

/// Resets the first of `n` requests on its first connection, and answers the others and all that follow, also
/// on a later connection, to which the retry may go.
frame_server::script one_of(int n, error_code code) {
  return [=, first = std::make_shared<std::atomic<bool>>(true)](frame_peer& p) {
    p.open();
    if (!first->exchange(false)) return p.serve();
    const auto requests = p.next_requests(n);
    for (const auto& each : requests)
      p.write(each.stream == requests.front().stream ? h2::rst_stream(each.stream, code) : good_reply(each));
    p.serve();
  };
}

frame_server::script all_reset(error_code code) {
  return [=](frame_peer& p) {
    p.open();
    while (const auto request = p.next_request()) p.write(h2::rst_stream(request->stream, code));
  };
}

TEST_F(Http2Resets, refused_stream_goes_again_for_nothing) {
  frame_server api{one_of(1, error_code::refused_stream)};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options));
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 1}}));
  EXPECT_EQ(seen.stats.refused_streams, 1u);
  EXPECT_EQ(seen.stats.requests, 2u) << "a permit each: an edge may have counted the first";
  EXPECT_EQ(api.requests(), 2);
  EXPECT_LE(api.connections(), 2);
}

TEST_F(Http2Resets, refused_one_of_many_leaves_the_others_alone) {
  frame_server api{one_of(8, error_code::refused_stream)};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options), {{.mints = 8}});
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 8}}));
  EXPECT_EQ(api.requests(), 9);
  EXPECT_LE(api.connections(), 2);
}

TEST_F(Http2Resets, always_refused_ends_after_the_attempts_and_one) {
  frame_server api{all_reset(error_code::refused_stream)};
  auto options = options_for(api);
  options.max_attempts = 3;
  const auto seen = mint_through(std::move(options));
  EXPECT_EQ(seen.all(), (outcomes{{"connect_failed", 1}}));
  EXPECT_EQ(api.requests(), 4);
  EXPECT_LE(api.connections(), 4);
}

struct reset_code {
  const char* name;
  error_code code;

  friend void PrintTo(const reset_code& each, std::ostream* to) { *to << each.name; }
};
class Http2Reset : public testing::TestWithParam<reset_code> {};

TEST_P(Http2Reset, is_a_counted_attempt_and_touches_nobody_else) {
  frame_server api{one_of(4, GetParam().code)};
  auto options = options_for(api);
  options.max_attempts = 2;
  const auto seen = mint_through(std::move(options), {{.mints = 4}, {.mints = 2}});
  EXPECT_EQ(seen.all(0), (outcomes{{"minted", 4}}));
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 2}}));
  EXPECT_EQ(api.requests(), 7);
  EXPECT_EQ(api.connections(), 1);
}

TEST_P(Http2Reset, is_the_end_of_a_mint_that_has_no_attempt_left) {
  frame_server api{one_of(2, GetParam().code)};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options), {{.mints = 2}});
  EXPECT_EQ(seen.all(), (outcomes{{"connect_failed", 1}, {"minted", 1}}));
  EXPECT_EQ(api.requests(), 2);
}

INSTANTIATE_TEST_SUITE_P(All, Http2Reset,
                         testing::Values(reset_code{"cancel", error_code::cancel},
                                         reset_code{"internal", error_code::internal_error},
                                         reset_code{"protocol", error_code::protocol_error},
                                         reset_code{"closed", error_code::stream_closed},
                                         reset_code{"calm", error_code::enhance_your_calm},
                                         reset_code{"connect", error_code::connect_error},
                                         reset_code{"none", error_code::no_error},
                                         reset_code{"unknown", static_cast<error_code>(0xdeadbeef)}),
                         [](const auto& each) { return each.param.name; });

TEST_F(Http2Resets, http1_required_is_http1_from_then_on) {
  frame_server api{all_reset(error_code::http_1_1_required)};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options), {{}, {.mints = 3}});
  EXPECT_EQ(seen.all(0), (outcomes{{"minted", 1}}));
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 3}}));
  const auto& connections = api.finish();
  ASSERT_GE(connections.size(), 2u);
  EXPECT_EQ(connections[0].requests.size(), 1u);
  for (std::size_t i = 1; i < connections.size(); ++i) {
    EXPECT_EQ(connections[i].protocol == "h2", false) << i;
    EXPECT_THAT(connections[i].offered, testing::Not(testing::Contains("h2"))) << i;
  }
  EXPECT_EQ(api.requests(), 5);
}

TEST_F(Http2Resets, http1_required_of_a_client_that_must_not_is_an_end) {
  frame_server api{all_reset(error_code::http_1_1_required)};
  auto options = options_for(api);
  options.http2 = http2_use::only;
  const auto seen = mint_through(std::move(options));
  EXPECT_NE(seen.names().front(), "minted");
  EXPECT_LE(api.requests(), 4);
  EXPECT_LE(api.connections(), 4);
  for (const auto& each : api.finish()) EXPECT_EQ(each.offered, std::vector<std::string>{"h2"});
}

TEST_F(Http2Resets, inadequate_security_is_told_at_once) {
  frame_server api{all_reset(error_code::inadequate_security)};
  const auto seen = mint_through(options_for(api));
  EXPECT_EQ(seen.all(), (outcomes{{"tls_failed", 1}}));
  EXPECT_EQ(api.requests(), 1);
}

TEST_F(Http2Resets, behind_a_whole_reply_change_nothing) {
  frame_server api{[](frame_peer& p) {
    p.open();
    while (const auto request = p.next_request())
      p.write(good_reply(*request) + h2::rst_stream(request->stream, error_code::no_error));
  }};
  const auto seen = mint_through(options_for(api), {{.mints = 4}, {}});
  EXPECT_EQ(seen.all(0), (outcomes{{"minted", 4}}));
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.requests(), 5);
  EXPECT_EQ(api.connections(), 1);
}

// The close code says "no error", and Content-Length has been reached: neither ends a reply.
TEST_F(Http2Resets, of_no_error_before_the_end_of_a_reply_are_no_reply) {
  for (const int attempts : {1, 2}) {
    frame_server api{[](frame_peer& p) {
      p.open();
      if (const auto request = p.next_request()) {
        const auto body = good_body(request->account());
        p.write(h2::headers(request->stream, h2::block(good_fields(body.size()))) +
                h2::data(request->stream, body) + h2::rst_stream(request->stream, error_code::no_error));
      }
      p.serve();
    }};
    auto options = options_for(api);
    options.max_attempts = attempts;
    const auto seen = mint_through(std::move(options));
    EXPECT_EQ(seen.all(), (outcomes{{attempts == 1 ? "connect_failed" : "minted", 1}}));
    EXPECT_EQ(api.requests(), attempts);
    EXPECT_EQ(api.connections(), 1);
  }
}

// RFC 9113 §8.1: a refused stream has surely not been processed; one with a reply's head has been.
TEST_F(Http2Resets, refusal_behind_the_head_of_a_reply_is_not_free) {
  frame_server api{[](frame_peer& p) {
    p.open();
    while (const auto request = p.next_request())
      p.write(h2::headers(request->stream, h2::block({{":status", "200"}})) +
              h2::rst_stream(request->stream, error_code::refused_stream));
  }};
  auto options = options_for(api);
  options.max_attempts = 2;
  const auto seen = mint_through(std::move(options));
  EXPECT_EQ(seen.all(), (outcomes{{"connect_failed", 1}}));
  EXPECT_EQ(api.requests(), 2);
}

TEST_F(Http2Resets, of_everything_cost_bounded_requests_and_connections) {
  frame_server api{all_reset(error_code::cancel)};
  auto options = options_for(api);
  options.max_attempts = 3;
  const auto seen = mint_through(std::move(options), {{.mints = 8}});
  EXPECT_EQ(seen.all(), (outcomes{{"connect_failed", 8}}));
  EXPECT_LE(api.requests(), 24);
  EXPECT_LE(api.connections(), 4) << "who failed twice asks for a fresh one";
}

TEST_F(Http2Resets, window_update_of_a_reset_stream_is_ignored) {
  frame_server api{[](frame_peer& p) {
    p.open();
    if (const auto request = p.next_request())
      p.write(h2::rst_stream(request->stream, error_code::cancel) + h2::window_update(request->stream, 100));
    p.serve();
  }};
  const auto seen = mint_through(options_for(api));
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.connections(), 1);
}

}  // namespace
}  // namespace ephemint::test
