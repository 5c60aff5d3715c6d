// A server's SETTINGS: its limits, when it sends them, and how it changes them.
#include "support/http2_trial.hpp"

#include <atomic>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using h2::setting;

const outcomes one_minted{{"minted", 1}};

class Http2Settings : public testing::Test {};

TEST_F(Http2Settings, hundred_streams_serve_forty_mints_over_one_connection_once_they_are_known) {
  for (const bool is_known : {true, false}) {
    frame_server api{[](frame_peer& p) {
      p.open({{setting::max_concurrent_streams, 100}});
      p.serve();
    }};
    const batch first{.mints = is_known ? 1 : 40};
    const auto seen = mint_through(options_for(api), {first, {.mints = 40}});
    EXPECT_EQ(seen.all(0), (outcomes{{"minted", first.mints}}));
    EXPECT_EQ(seen.all(1), (outcomes{{"minted", 40}}));
    // Unknown they may come behind a dial or two, each for ten requests more.
    EXPECT_LE(api.connections(), is_known ? 1 : 4);
    EXPECT_EQ(api.requests(), first.mints + 40);
  }
}

TEST_F(Http2Settings, are_not_waited_for) {
  frame_server api{[](frame_peer& p) {
    p.read_preface();
    const auto early = p.next_request();
    if (early && p.write(h2::settings() + good_reply(*early))) p.serve();
  }};
  const auto seen = mint_through(options_for(api), {{}, {.mints = 3}});
  EXPECT_EQ(seen.all(0), one_minted);
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 3}}));
  EXPECT_EQ(api.connections(), 1);
}

TEST_F(Http2Settings, streams_before_they_come_are_few) {
  frame_server api{[](frame_peer& p) {
    p.read_preface();
    auto early = p.next_requests(10);
    EXPECT_FALSE(p.has_input(50ms)) << "an eleventh request, though the limit isn't known";
    p.write(h2::settings());
    for (const auto& each : early) p.write(good_reply(each));
    p.serve();
  }};
  auto options = options_for(api);
  options.max_connections = 1;
  const auto seen = mint_through(std::move(options), {{.mints = 30}});
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 30}}));
  EXPECT_EQ(api.requests(), 30);
}

TEST_F(Http2Settings, changed_ones_are_acknowledged_and_the_header_table_shrinks) {
  bool shrank = false;
  frame_server api{[&](frame_peer& p) {
    p.open();
    const auto first = p.next_request();
    if (!first) return;
    p.write(h2::settings({{setting::header_table_size, 0}}) + good_reply(*first));
    const auto second = p.next_frame(h2::frame_type::headers);
    if (!second || second->payload.empty()) return;
    shrank = second->payload.front() == '\x20';
    if (const auto request = p.next_request()) p.write(good_reply(*request));
  }};
  const auto seen = mint_through(options_for(api), {{}, {}});
  EXPECT_EQ(seen.all(0), one_minted);
  EXPECT_EQ(seen.all(1), one_minted);
  EXPECT_TRUE(shrank) << "a block begins with the table's new size: RFC 7541 §4.2";
  EXPECT_EQ(api.finish().front().count(h2::frame_type::settings, h2::flag::ack), 2);
}

TEST_F(Http2Settings, unknown_ones_are_ignored_and_so_are_frame_types_and_flags) {
  frame_server api{[](frame_peer& p) {
    p.open(
        {{static_cast<setting>(0xfe), 7}, {static_cast<setting>(0), 1}, {static_cast<setting>(0xffff), ~0u}});
    const auto request = p.next_request();
    if (!request) return;
    p.write(h2::frame(static_cast<h2::frame_type>(0xbe), 0xff, request->stream, "whatever") +
            h2::frame(static_cast<h2::frame_type>(0x77), 0, 0, ""));
    const auto body = good_body(request->account());
    p.write(h2::frame(h2::frame_type::headers, h2::flag::end_headers | 0xc2, request->stream,
                      h2::block(good_fields(body.size()))) +
            h2::frame(h2::frame_type::data, h2::flag::end_stream | 0xf6, request->stream, body));
    p.serve();
  }};
  const auto seen = mint_through(options_for(api), {{}, {}});
  EXPECT_EQ(seen.all(0), one_minted);
  EXPECT_EQ(seen.all(1), one_minted);
  EXPECT_EQ(api.connections(), 1);
}

TEST_F(Http2Settings, window_of_nothing_does_not_hold_up_requests_without_a_body) {
  frame_server api{[](frame_peer& p) {
    p.open({{setting::initial_window_size, 0}});
    p.serve();
  }};
  EXPECT_EQ(mint_through(options_for(api)).all(), one_minted);
}

TEST_F(Http2Settings, one_stream_at_a_time_is_obeyed) {
  std::size_t most = 0;
  frame_server api{[&](frame_peer& p) {
    p.open({{setting::max_concurrent_streams, 1}});
    while (const auto request = p.next_request()) {
      most = std::max(most, p.open_streams());
      p.write(good_reply(*request));
    }
  }};
  auto options = options_for(api);
  options.max_connections = 1;
  const auto seen = mint_through(std::move(options), {{}, {.mints = 8}});
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 8}}));
  api.finish();
  EXPECT_EQ(most, 1u);
  EXPECT_EQ(api.connections(), 1);
}

TEST_F(Http2Settings, no_stream_for_a_while_is_waited_for) {
  signal_to_script go_on;
  frame_server api{[&](frame_peer& p) {
    p.open();
    if (const auto first = p.next_request())
      p.write(h2::settings({{setting::max_concurrent_streams, 0}}) + good_reply(*first));
    if (!go_on.wait()) return;
    p.write(h2::settings({{setting::max_concurrent_streams, 10}}));
    p.serve();
  }};
  auto options = options_for(api);
  options.max_connections = 1;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    const auto first = co_await mint_batch(c);
    EXPECT_EQ(first.all, one_minted);
    int minted = 0;
    for (int i = 0; i < 3; ++i)
      c.async_mint({.account = "se-1"}, [&](mint_result r) { minted += name_of(r) == "minted"; });
    co_await pause_for(50ms);
    EXPECT_EQ(api.requests(), 1);
    EXPECT_EQ(c.stats().queued, 3u);
    go_on.give();
    while (minted < 3) co_await pause_for(1ms);
  });
  EXPECT_EQ(api.requests(), 4);
  EXPECT_EQ(api.connections(), 1);
}

TEST_F(Http2Settings, no_stream_ever_ends_at_the_deadline_within_the_connections_allowed) {
  frame_server api{[&](frame_peer& p) {
    p.open({{setting::max_concurrent_streams, 0}});
    while (const auto request = p.next_request())
      p.write(h2::rst_stream(request->stream, h2::error_code::refused_stream));
  }};
  auto options = options_for(api);
  options.max_connections = 3;
  options.deadline = 500ms;
  const auto seen = mint_through(std::move(options), {{.mints = 6}});
  EXPECT_EQ(seen.names(), std::vector<std::string>(6, "timed_out"));
  EXPECT_LE(api.connections(), 3);
  EXPECT_LE(api.requests(), 6 * 4);
}

TEST_F(Http2Settings, limit_below_what_is_under_way_ends_nothing) {
  std::size_t most = 0;
  frame_server api{[&](frame_peer& p) {
    p.open();
    if (const auto first = p.next_request()) p.write(good_reply(*first));
    const auto eight = p.next_requests(8);
    p.write(h2::settings({{setting::max_concurrent_streams, 1}}));
    p.next_frame(h2::frame_type::settings, h2::flag::ack);
    for (const auto& each : eight) p.write(good_reply(each));
    while (const auto request = p.next_request()) {
      most = std::max(most, p.open_streams());
      p.write(good_reply(*request));
    }
  }};
  auto options = options_for(api);
  options.max_connections = 1;
  const auto seen = mint_through(std::move(options), {{}, {.mints = 8}, {.mints = 4}});
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 8}}));
  EXPECT_EQ(seen.all(2), (outcomes{{"minted", 4}}));
  api.finish();
  EXPECT_EQ(most, 1u);
  EXPECT_EQ(api.requests(), 13);
}

TEST_F(Http2Settings, limits_that_rise_and_fall_are_never_exceeded) {
  int excesses = 0;
  frame_server api{[&](frame_peer& p) {
    std::size_t limit = 10;
    // Holds as many as are allowed, as far as there are so many, then answers all; a request too many is
    // refused.
    const auto hold_and_answer = [&](std::size_t rounds) {
      while (rounds-- > 0) {
        const auto held = p.next_requests(static_cast<int>(limit));
        if (p.has_input(5ms)) p.next_frame();
        excesses += p.open_streams() > limit;
        for (const auto& each : held) p.write(good_reply(each));
      }
    };
    const auto change = [&](std::uint32_t to, const std::vector<frame_request>& under_way) {
      p.write(h2::settings({{setting::max_concurrent_streams, to}}));
      p.next_frame(h2::frame_type::settings, h2::flag::ack);
      for (const auto& each : under_way) p.write(good_reply(each));
      limit = to;
    };
    p.read_preface();
    change(3, p.next_requests(10));
    hold_and_answer(3);
    change(50, {});
    hold_and_answer(1);
    change(3, p.next_requests(50));
    hold_and_answer(5);
    p.serve();
  }};
  auto options = options_for(api);
  options.max_connections = 1;
  const auto seen = mint_through(std::move(options), {{.mints = 150}});
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 150}}));
  api.finish();
  EXPECT_EQ(excesses, 0);
  EXPECT_EQ(api.requests(), 150);
}

/// SETTINGS that break RFC 9113 §6.5, and what it says to do about them.
struct bad_settings {
  const char* name;
  std::string bytes;
  h2::error_code code;

  friend void PrintTo(const bad_settings& each, std::ostream* to) { *to << each.name; }
};

class Http2BadSettings : public testing::TestWithParam<bad_settings> {};

TEST_P(Http2BadSettings, end_the_connection_with_the_right_code) {
  frame_server api{[](frame_peer& p) {
    p.open();
    if (p.next_request()) p.write(GetParam().bytes);
  }};
  auto options = options_for(api);
  options.max_attempts = 2;
  EXPECT_EQ(mint_through(std::move(options)).all(), (outcomes{{"connect_failed", 1}}));
  const auto& connections = api.finish();
  EXPECT_EQ(connections.size(), 2u);
  for (const auto& each : connections) {
    EXPECT_EQ(each.goaways(), std::vector{GetParam().code});
    EXPECT_TRUE(each.ended);
  }
}

using h2::error_code;
using h2::frame_type;
INSTANTIATE_TEST_SUITE_P(
    All, Http2BadSettings,
    testing::Values(
        bad_settings{"push", h2::settings({{setting::enable_push, 2}}), error_code::protocol_error},
        bad_settings{"window", h2::settings({{setting::initial_window_size, 1u << 31}}),
                     error_code::flow_control_error},
        bad_settings{"frame_size", h2::settings({{setting::max_frame_size, 100}}),
                     error_code::protocol_error},
        bad_settings{"length", h2::frame(frame_type::settings, 0, 0, "12345"), error_code::frame_size_error},
        bad_settings{"on_a_stream", h2::frame(frame_type::settings, 0, 1), error_code::protocol_error},
        bad_settings{"ack_with_payload", h2::frame(frame_type::settings, h2::flag::ack, 0, "123456"),
                     error_code::frame_size_error}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace ephemint::test
