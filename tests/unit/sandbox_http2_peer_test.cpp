#include "http2_peer.hpp"
#include "support/http2_frames.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The server's side without sockets: tests put in frames by hand, and check the results.

namespace ephemint::sandbox {
namespace {

namespace wire = test::http2;
using wire::error_code;

const wire::field_list mint_fields{{":method", "POST"},           {":scheme", "https"},
                                   {":authority", "localhost:1"}, {":path", "/v1/a?b=c"},
                                   {"api-key", "TEST_key"},       {"on-behalf-of", "se-1"}};

class sandbox_http2_peer : public testing::Test, public http2_events {
 protected:
  void on_request(std::uint32_t stream, http2_request asked) override {
    requests.emplace_back(stream, asked);
  }
  void on_stream_end(std::uint32_t stream) override { ended.push_back(stream); }
  void on_refused() override { ++refused; }
  void on_pong(std::uint32_t stream) override { pongs.push_back(stream); }

  void begin(std::uint32_t max_streams = 100, std::optional<std::uint32_t> window = {}) {
    peer = make_http2_peer(*this, max_streams, window);
    EXPECT_TRUE(peer->receive(std::string{wire::preface} + wire::settings() + wire::settings_ack()));
  }
  bool ask(std::uint32_t stream, bool ends = true) {
    return peer->receive(wire::headers(stream, wire::block(mint_fields), ends));
  }
  http2_reply hello() { return {.head = {{":status", "200"}}, .body = "hello"}; }
  /// Everything that it sends now, except the acknowledgement of our SETTINGS.
  std::vector<wire::received_frame> sent() {
    std::vector<wire::received_frame> frames;
    wire::frame_reader reader;
    for (http2_frame f = peer->take(); !f.bytes.empty(); f = peer->take()) {
      completes = completes || f.completes_reply;
      reader.take(f.bytes);
    }
    while (auto frame = reader.next())
      if (frame->type != wire::frame_type::settings || !frame->has(wire::flag::ack)) frames.push_back(*frame);
    return frames;
  }
  std::string shape_of_sent() {
    std::string text;
    for (const auto& f : sent()) {
      constexpr std::string_view letters = "DHPRSUIGWC";  // by the types' numbers
      text += letters[std::min<std::size_t>(static_cast<std::size_t>(f.type), 9)];
      const bool carries = f.type == wire::frame_type::data || f.type == wire::frame_type::headers;
      if (carries && f.has(wire::flag::end_stream)) text += '.';
    }
    return text;
  }

  std::unique_ptr<http2_peer> peer;
  std::vector<std::pair<std::uint32_t, http2_request>> requests;
  std::vector<std::uint32_t> ended;
  std::vector<std::uint32_t> pongs;
  int refused = 0;
  bool completes = false;
};

TEST_F(sandbox_http2_peer, first_settings_tell_the_limits) {
  begin(7, 0);
  const auto frames = sent();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].type, wire::frame_type::settings);
  EXPECT_EQ(wire::settings({{wire::setting::max_concurrent_streams, 7},
                            {wire::setting::max_header_list_size, 16384},
                            {wire::setting::initial_window_size, 0}})
                .substr(9),
            frames[0].payload);
}

TEST_F(sandbox_http2_peer, request_is_told_when_it_is_whole) {
  begin();
  ask(1, false);
  EXPECT_TRUE(requests.empty());
  peer->receive(wire::data(1, "{}", true));
  ASSERT_EQ(requests.size(), 1u);
  const auto& [stream, asked] = requests[0];
  EXPECT_EQ(stream, 1u);
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.target, "/v1/a?b=c");
  EXPECT_EQ(asked.host, "localhost:1");
  EXPECT_EQ(asked.api_key, "TEST_key");
  EXPECT_EQ(asked.api_keys, 1u);
  EXPECT_EQ(asked.account, "se-1");
  EXPECT_FALSE(asked.too_large);
}

TEST_F(sandbox_http2_peer, every_cut_of_the_bytes_says_the_same) {
  const std::string all = std::string{wire::preface} + wire::settings() +
                          wire::open_headers(1, wire::block(mint_fields).substr(0, 10), true) +
                          wire::continuation(1, wire::block(mint_fields).substr(10), true);
  for (std::size_t at = 0; at <= all.size(); ++at) {
    requests.clear();
    peer = make_http2_peer(*this, 100, {});
    EXPECT_TRUE(peer->receive(all.substr(0, at)) && peer->receive(all.substr(at))) << at;
    ASSERT_EQ(requests.size(), 1u) << at;
    EXPECT_EQ(requests[0].second.account, "se-1") << at;
  }
  requests.clear();
  peer = make_http2_peer(*this, 100, {});
  for (const char byte : all) EXPECT_TRUE(peer->receive({&byte, 1}));
  EXPECT_EQ(requests.size(), 1u);
}

TEST_F(sandbox_http2_peer, replies_come_as_they_are_told) {
  struct {
    std::string_view name;
    http2_reply reply;
    std::string_view frames;
    bool completes;
  } const cases[] = {
      {"plain", hello(), "HD.", true},
      {"no body", {.head = {{":status", "204"}}}, "H.", true},
      {"interim", {.interim = 2, .head = {{":status", "200"}}, .body = "x"}, "HHHD.", true},
      {"trailers", {.head = {{":status", "200"}}, .body = "x", .trailers = {{"a", "b"}}}, "HDH.", true},
      {"trailers alone", {.head = {{":status", "200"}}, .trailers = {{"a", "b"}}}, "HH.", true},
      {"unfinished", {.head = {{":status", "200"}}, .body = "x", .finishes = false}, "HD", true},
      {"unfinished head", {.interim = 1, .head = {{":status", "200"}}, .finishes = false}, "HH", true},
      {"unfinished trailers",
       {.head = {{":status", "200"}}, .body = "x", .trailers = {{"a", "b"}}, .finishes = false},
       "HDH",
       true},
      {"small data", {.head = {{":status", "200"}}, .body = "12345", .data_size = 2}, "HDDD.", true},
      {"paced", {.head = {{":status", "200"}}, .body = "123", .data_size = 1, .paced = true}, "HD", false},
  };
  for (const auto& c : cases) {
    begin();
    sent();
    ask(1);
    completes = false;
    peer->answer(1, c.reply);
    EXPECT_EQ(shape_of_sent(), c.frames) << c.name;
    EXPECT_EQ(completes, c.completes) << c.name;
    EXPECT_EQ(peer->open_streams(), c.frames.ends_with(".") ? 0u : 1u) << c.name;
  }
}

TEST_F(sandbox_http2_peer, paced_reply_goes_on_when_it_is_told) {
  begin();
  sent();
  ask(1);
  peer->answer(1, {.head = {{":status", "200"}}, .body = "123", .data_size = 1, .paced = true});
  EXPECT_EQ(shape_of_sent(), "HD");
  EXPECT_EQ(shape_of_sent(), "");
  peer->go_on(1);
  EXPECT_EQ(shape_of_sent(), "D");
  peer->go_on(1);
  EXPECT_EQ(shape_of_sent(), "D.");
  EXPECT_EQ(ended, std::vector<std::uint32_t>{1});
  peer->go_on(1);
  EXPECT_EQ(shape_of_sent(), "");
}

TEST_F(sandbox_http2_peer, padding_is_put_on_head_and_body) {
  begin();
  sent();
  ask(1);
  http2_reply padded = hello();
  padded.padding = 9;
  peer->answer(1, padded);
  const auto frames = sent();
  ASSERT_EQ(frames.size(), 2u);
  for (const auto& f : frames) {
    EXPECT_TRUE(f.has(wire::flag::padded));
    EXPECT_EQ(f.payload.front(), 9);
    EXPECT_TRUE(f.payload.ends_with(std::string(9, '\0')));
  }
}

TEST_F(sandbox_http2_peer, large_header_is_one_frame_with_its_continuations) {
  begin();
  sent();
  ask(1);
  peer->answer(1, {.head = {{":status", "200"}, {"x-padding", std::string(100'000, '.')}}});
  const http2_frame frame = peer->take();
  EXPECT_GT(frame.bytes.size(), 50'000u);
  EXPECT_TRUE(frame.ends_stream() && frame.completes_reply && frame.is_final_head);
}

TEST_F(sandbox_http2_peer, stream_too_many_is_refused_alone) {
  begin(2);
  sent();
  for (const std::uint32_t stream : {1u, 3u, 5u}) ask(stream);
  EXPECT_EQ(requests.size(), 2u);
  EXPECT_EQ(refused, 1);
  const auto frames = sent();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].stream, 5u);
  EXPECT_EQ(frames[0].code(), error_code::refused_stream);
  peer->answer(1, hello());
  sent();
  ask(7);
  EXPECT_EQ(requests.size(), 3u) << "one has ended: there is room again";
}

TEST_F(sandbox_http2_peer, stream_that_it_resets_counts_until_the_reset_is_sent) {
  wire::field_list against_the_rules = mint_fields;
  against_the_rules.emplace_back("on-[ehalf-of", "se-1");
  for (const bool is_sent : {true, false}) {
    begin(1);
    sent();
    requests.clear();
    refused = 0;
    EXPECT_TRUE(peer->receive(wire::headers(1, wire::block(against_the_rules), true)));
    if (is_sent) {
      EXPECT_EQ(shape_of_sent(), "R");
    }
    ask(3);
    EXPECT_EQ(requests.size(), is_sent ? 1u : 0u);
    EXPECT_EQ(refused, is_sent ? 0 : 1);
  }
}

TEST_F(sandbox_http2_peer, limit_changes_at_run_time) {
  begin(2);
  sent();
  ask(1), ask(3);
  peer->set_max_streams(1);
  peer->set_max_streams(3);
  const auto frames = sent();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].payload, wire::settings({{wire::setting::max_concurrent_streams, 1}}).substr(9));
  EXPECT_EQ(frames[1].payload, wire::settings({{wire::setting::max_concurrent_streams, 3}}).substr(9));
  ask(5), ask(7);
  EXPECT_EQ(requests.size(), 3u);
  EXPECT_EQ(refused, 1);
  peer->set_max_streams(0);
  peer->answer(1, hello()), peer->answer(3, hello()), peer->answer(5, hello());
  sent();
  ask(9);
  EXPECT_EQ(refused, 2);
}

TEST_F(sandbox_http2_peer, pings_name_their_stream) {
  begin();
  sent();
  ask(1);
  peer->ping(0x01020304);
  const auto frames = sent();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].type, wire::frame_type::ping);
  peer->receive(wire::ping(frames[0].payload, true));
  EXPECT_EQ(pongs, std::vector<std::uint32_t>{0x01020304});
}

TEST_F(sandbox_http2_peer, resets_end_streams) {
  begin();
  sent();
  ask(1), ask(3);
  peer->reset(1, http2_error::cancel);
  peer->receive(wire::rst_stream(3, error_code::cancel));
  const auto frames = sent();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].code(), error_code::cancel);
  std::sort(ended.begin(), ended.end());
  EXPECT_EQ(ended, (std::vector<std::uint32_t>{1, 3}));
  EXPECT_EQ(peer->open_streams(), 0u);
  EXPECT_FALSE(peer->has_streams_up_to(99));
}

// --- Hostile clients.

TEST_F(sandbox_http2_peer, header_that_is_too_large_is_told_and_not_kept) {
  for (const bool many : {false, true}) {
    begin();
    sent();
    wire::field_list fields = mint_fields;
    if (many)
      for (int i = 0; i < 200; ++i) fields.push_back({"a", "b"});
    else
      for (int i = 0; i < 20; ++i) fields.push_back({"x-long", std::string(1000, 'x')});
    const std::string block = wire::block(fields);
    std::string bytes = wire::open_headers(1, block.substr(0, 10'000), true);
    bytes += wire::continuation(1, block.substr(std::min<std::size_t>(block.size(), 10'000)), true);
    EXPECT_TRUE(peer->receive(bytes));
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_TRUE(requests[0].second.too_large);
    requests.clear();
    ask(3);
    ASSERT_EQ(requests.size(), 1u) << "the connection lives";
    EXPECT_FALSE(requests[0].second.too_large);
    requests.clear();
  }
}

TEST_F(sandbox_http2_peer, remembered_header_that_unfolds_is_stopped) {  // an HPACK bomb
  begin();
  sent();
  wire::field_list fields = mint_fields;
  std::string block = wire::block(fields) + wire::remembered("x-bomb", std::string(3900, 'x'));
  for (int i = 0; i < 8000; ++i) block += wire::indexed(62);
  EXPECT_TRUE(peer->receive(wire::headers(1, block, true)));
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_TRUE(requests[0].second.too_large);
}

TEST_F(sandbox_http2_peer, body_without_end_is_told_once_and_then_reset) {
  begin();
  sent();
  ask(1, false);
  for (int i = 0; i < 5; ++i) peer->receive(wire::data(1, std::string(15'000, 'x')));
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_TRUE(requests[0].second.too_large);
  sent();
  peer->answer(1, hello());
  EXPECT_EQ(shape_of_sent(), "HD.R");
  EXPECT_EQ(peer->open_streams(), 0u);
}

/// After how many rounds of it the connection is closed.
int rounds_until_the_end(http2_peer& peer, const std::function<std::string(int)>& round, int most) {
  int heard = 0;
  while (heard < most && peer.receive(round(heard)) && !peer.finished()) {
    ++heard;
    while (!peer.take().bytes.empty()) {
    }
  }
  return heard;
}

TEST_F(sandbox_http2_peer, floods_end_the_connection) {
  const std::pair<const char*, std::function<std::string(int)>> floods[] = {
      {"ping", [](int) { return wire::ping("12345678"); }},
      {"settings", [](int) { return wire::settings(); }},
      {"window update", [](int) { return wire::window_update(0, 1); }},
      {"priority",
       [](int) { return wire::frame(wire::frame_type::priority, 0, 1, std::string("\0\0\0\0\1", 5)); }},
      {"unknown",
       [](int) { return wire::frame(static_cast<wire::frame_type>(0xee), 0, 0, std::string(16384, 'x')); }},
      {"empty data",
       [](int i) { return i == 0 ? wire::headers(1, wire::block(mint_fields)) : wire::data(1, ""); }},
      {"rapid reset",
       [](int i) {
         const auto stream = static_cast<std::uint32_t>(2 * i + 1);
         return wire::headers(stream, wire::block(mint_fields), true) +
                wire::rst_stream(stream, error_code::cancel);
       }},
  };
  for (const auto& [name, round] : floods) {
    begin();
    sent();
    EXPECT_LE(rounds_until_the_end(*peer, round, 20'000), 10'000) << name;
    EXPECT_LE(peer->open_streams(), 1u) << name;
  }
}

TEST_F(sandbox_http2_peer, continuations_without_end_are_cut) {
  begin();
  sent();
  EXPECT_TRUE(peer->receive(wire::open_headers(1, wire::block(mint_fields), true)));
  EXPECT_LE(rounds_until_the_end(
                *peer, [](int) { return wire::continuation(1, ""); }, 20'000),
            1'000);
  EXPECT_TRUE(requests.empty());
}

TEST_F(sandbox_http2_peer, answers_that_nobody_reads_are_bounded) {
  begin();
  std::string pings;
  for (int i = 0; i < 1'000; ++i) pings += wire::ping("12345678");
  EXPECT_FALSE(peer->receive(pings)) << "nothing is taken out meanwhile";
  EXPECT_EQ(peer->failure(), http2_error::enhance_your_calm);
  EXPECT_TRUE(peer->finished());
}

TEST_F(sandbox_http2_peer, frames_count_from_the_last_reply) {
  begin();
  sent();
  for (std::uint32_t stream = 1; stream < 24'000; stream += 2) {
    EXPECT_TRUE(ask(stream));
    peer->answer(stream, hello());
    sent();
  }
  EXPECT_EQ(requests.size(), 12'000u);
  EXPECT_FALSE(peer->finished());
}

TEST_F(sandbox_http2_peer, what_is_not_http2_ends_it) {
  peer = make_http2_peer(*this, 100, {});
  EXPECT_FALSE(peer->receive("POST /v1/tokens/ephemeral HTTP/1.1\r\n"));
  EXPECT_EQ(peer->failure(), http2_error::protocol_error);
  const std::pair<const char*, std::string> wrong[] = {
      {"an even id", wire::headers(2, wire::block(mint_fields), true)},
      {"data of no stream", wire::data(1, "x")},
      {"a broken block", wire::headers(1, wire::indexed(99), true)},
      {"a continuation of nothing", wire::continuation(1, "x", true)},
      {"too long a frame", wire::frame_head(1 << 20, wire::frame_type::data, 0, 1)},
  };
  for (const auto& [name, bytes] : wrong) {
    begin();
    sent();
    peer->receive(bytes);
    const auto frames = sent();
    ASSERT_FALSE(frames.empty()) << name;
    EXPECT_EQ(frames.back().type, wire::frame_type::goaway) << name;
    EXPECT_TRUE(peer->finished()) << name;
  }
}

}  // namespace
}  // namespace ephemint::sandbox
