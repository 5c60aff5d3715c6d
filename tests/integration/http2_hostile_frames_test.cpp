// Frames that break the connection's rules (RFC 9113): it ends, and says why. And frames that only look odd.
#include "support/http2_trial.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using h2::error_code;
using h2::frame_type;

using bytes_for = std::function<std::string(const frame_request&)>;

std::string head_of_reply(const frame_request& r) {
  return h2::headers(r.stream, h2::block({{":status", "200"}}));
}

/// What a server writes to the first of three requests, before it reads on.
struct broken_rule {
  const char* name;
  bytes_for bytes;
  error_code code;
  /// What becomes of the mint whose stream is at fault, if one is; the others go again.
  const char* outcome = "minted";

  friend void PrintTo(const broken_rule& each, std::ostream* to) { *to << each.name; }
};

const std::vector<broken_rule> broken_rules{
    // RFC 7541 §2.3.3, §5.1, §6.3: a header block that can't be read spoils all that follow.
    {"index_0", [](const auto& r) { return h2::headers(r.stream, "\x80", true); },
     error_code::compression_error, "bad_response"},
    {"index_beyond_the_tables", [](const auto& r) { return h2::headers(r.stream, h2::indexed(70), true); },
     error_code::compression_error, "bad_response"},
    {"table_too_great",
     [](const auto& r) { return h2::headers(r.stream, h2::integer(0x20, 5, 1u << 20), true); },
     error_code::compression_error, "bad_response"},
    {"endless_integer",
     [](const auto& r) { return h2::headers(r.stream, "\x7f" + std::string(20, '\xff'), true); },
     error_code::compression_error, "bad_response"},
    // §6.2, §6.10.
    {"ping_inside_a_block",
     [](const auto& r) {
       return h2::open_headers(r.stream, h2::block({{":status", "200"}})) + h2::ping("12345678");
     },
     error_code::protocol_error, "bad_response"},
    {"continuation_from_nowhere", [](const auto& r) { return h2::continuation(r.stream, "", true); },
     error_code::protocol_error},
    {"continuation_of_another_stream",
     [](const auto& r) {
       return h2::open_headers(r.stream, h2::block({{":status", "200"}})) +
              h2::continuation(r.stream + 2, "", true);
     },
     error_code::protocol_error, "bad_response"},
    // §5.1.
    {"data_before_headers", [](const auto& r) { return h2::data(r.stream, "{}", true); },
     error_code::protocol_error},
    {"data_on_an_idle_stream", [](const auto&) { return h2::data(1001, "{}"); }, error_code::protocol_error},
    {"data_on_stream_0", [](const auto&) { return h2::data(0, "{}"); }, error_code::protocol_error},
    {"headers_on_an_even_stream",
     [](const auto&) {
       return h2::headers(2, h2::block({{":status", "200"}}), true);
     },
     error_code::protocol_error},
    {"reset_of_an_idle_stream", [](const auto&) { return h2::rst_stream(1001, error_code::cancel); },
     error_code::protocol_error},
    // §6.1, §4.2.
    {"padding_longer_than_its_frame",
     [](const auto& r) {
       return head_of_reply(r) + h2::frame(frame_type::data, h2::flag::padded, r.stream, "\x0aten");
     },
     error_code::protocol_error, "bad_response"},
    {"frame_of_twenty_thousand",
     [](const auto& r) { return head_of_reply(r) + h2::data(r.stream, std::string(20'000, ' ')); },
     error_code::frame_size_error},
    {"sixteen_megabytes_announced",
     [](const auto& r) { return head_of_reply(r) + h2::frame_head(0xffffff, frame_type::data, 0, r.stream); },
     error_code::frame_size_error},
    {"ping_of_seven_bytes", [](const auto&) { return h2::ping("1234567"); }, error_code::frame_size_error},
    {"reset_of_three_bytes",
     [](const auto& r) { return h2::frame(frame_type::rst_stream, 0, r.stream, "123"); },
     error_code::frame_size_error},
    {"short_goaway", [](const auto&) { return h2::frame(frame_type::goaway, 0, 0, "1234"); },
     error_code::frame_size_error},
    // §6.6: refused by our SETTINGS.
    {"push_promise",
     [](const auto& r) {
       return h2::frame(frame_type::push_promise, h2::flag::end_headers, r.stream,
                        h2::four_bytes(2) + h2::block({{":method", "GET"}, {":path", "/"}}));
     },
     error_code::protocol_error},
    // §6.9.
    {"window_that_overflows",
     [](const auto&) { return h2::window_update(0, 0x7fffffff) + h2::window_update(0, 0x7fffffff); },
     error_code::flow_control_error},
    {"window_update_of_nothing", [](const auto&) { return h2::window_update(0, 0); },
     error_code::protocol_error},
};

class Http2BrokenRule : public testing::TestWithParam<broken_rule> {};

TEST_P(Http2BrokenRule, ends_the_connection_with_its_code_and_the_rest_goes_again) {
  frame_server api{{[](frame_peer& p) {
                      p.open();
                      const auto three = p.next_requests(3);
                      if (three.size() == 3) p.write(GetParam().bytes(three.front()));
                    },
                    [](frame_peer& p) {
                      p.open();
                      p.serve();
                    }}};
  const auto seen = mint_through(options_for(api), {{.mints = 3}, {}});
  EXPECT_EQ(seen.names(0), (std::vector<std::string>{GetParam().outcome, "minted", "minted"}));
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 1}}));
  EXPECT_LE(api.connections(), 3);
  const auto& first = api.finish().front();
  EXPECT_EQ(first.goaways(), std::vector{GetParam().code});
  EXPECT_TRUE(first.ended);
}

TEST_P(Http2BrokenRule, for_ever_ends_after_the_attempts) {
  frame_server api{[](frame_peer& p) {
    p.open();
    if (const auto one = p.next_request()) p.write(GetParam().bytes(*one));
  }};
  auto options = options_for(api);
  options.max_attempts = 3;
  const auto seen = mint_through(std::move(options), {{.mints = 2}});
  for (const auto& each : seen.names()) EXPECT_THAT(each, testing::AnyOf("connect_failed", "bad_response"));
  EXPECT_LE(api.requests(), 8);
  EXPECT_LE(api.connections(), 8);
}

INSTANTIATE_TEST_SUITE_P(All, Http2BrokenRule, testing::ValuesIn(broken_rules),
                         [](const auto& each) { return each.param.name; });

/// Frames that change nothing.
struct odd_frames {
  const char* name;
  bytes_for bytes;

  friend void PrintTo(const odd_frames& each, std::ostream* to) { *to << each.name; }
};
class Http2OddFrames : public testing::TestWithParam<odd_frames> {};

TEST_P(Http2OddFrames, change_nothing) {
  frame_server api{[](frame_peer& p) {
    p.open();
    while (const auto request = p.next_request())
      if (!p.write(GetParam().bytes(*request) + good_reply(*request) + GetParam().bytes(*request))) return;
  }};
  const auto seen = mint_through(options_for(api), {{.mints = 3}, {}});
  EXPECT_EQ(seen.all(0), (outcomes{{"minted", 3}}));
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.connections(), 1);
  EXPECT_EQ(api.requests(), 4);
}

INSTANTIATE_TEST_SUITE_P(All, Http2OddFrames,
                         testing::Values(odd_frames{"priority",
                                                    [](const auto& r) {
                                                      return h2::frame(frame_type::priority, 0, r.stream,
                                                                       h2::four_bytes(0) + "\x10");
                                                    }},
                                         odd_frames{"altsvc",
                                                    [](const auto&) {
                                                      return h2::frame(
                                                          frame_type::altsvc, 0, 0,
                                                          h2::two_bytes(0) + R"(h3=":443"; ma=86400)");
                                                    }},
                                         odd_frames{"ping", [](const auto&) { return h2::ping("abcdefgh"); }},
                                         odd_frames{"window_update",
                                                    [](const auto&) { return h2::window_update(0, 1); }},
                                         odd_frames{"settings", [](const auto&) { return h2::settings(); }}),
                         [](const auto& each) { return each.param.name; });

TEST(Http2Frames, ping_is_answered_with_its_bytes_before_anything_else) {
  constexpr std::string_view eight{"\x01two\xff\0!!", 8};
  std::string answered;
  frame_server api{[&](frame_peer& p) {
    p.open();
    const auto request = p.next_request();
    if (!request) return;
    p.write(h2::ping(eight));
    if (const auto pong = p.next_frame(frame_type::ping, h2::flag::ack)) answered = pong->payload;
    p.write(good_reply(*request));
  }};
  EXPECT_EQ(mint_through(options_for(api)).all(), (outcomes{{"minted", 1}}));
  api.finish();
  EXPECT_EQ(answered, eight);
}

// RFC 9113 §6.9.1: a stream's window is the stream's affair.
TEST(Http2Frames, window_of_a_stream_that_overflows_ends_the_stream_alone) {
  frame_server api{[](frame_peer& p) {
    p.open();
    while (const auto request = p.next_request())
      if (!p.write(request->account() == "se-1" ? h2::window_update(request->stream, 0x7fffffff)
                                                : good_reply(*request)))
        return;
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options), {{.mints = 3}, {.mints = 1, .first = 7}});
  EXPECT_EQ(seen.names(0)[0], "minted");
  EXPECT_THAT(seen.names(0)[1], testing::AnyOf("bad_response", "connect_failed"));
  EXPECT_EQ(seen.names(0)[2], "minted");
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.connections(), 1);
  EXPECT_EQ(api.finish().front().resets(), std::vector{error_code::flow_control_error});
}

// Stream identifiers that are nearly used up take a billion requests: a test of the wire shows that.

}  // namespace
}  // namespace ephemint::test
