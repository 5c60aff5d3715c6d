// Servers that send without end: each costs a bounded number of frames and of bytes, then its connection
// goes.
#include "support/http2_trial.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using h2::frame_type;

/// What sockets hold on their way, both ends together, and more.
constexpr std::size_t few_bytes = 8u << 20;
constexpr int more_than_any_budget = 2'000'000;
/// A connection's frames without a finished reply: the library allows 1,000.
constexpr int within_the_budget = 900;
constexpr int beyond_the_budget = 1'100;

struct flood {
  const char* name;
  /// For a connection on which stream 1 waits for its reply.
  std::string frame;
  /// Whether our GOAWAY still gets out, and says so.
  bool told_to_calm_down = true;

  friend void PrintTo(const flood& each, std::ostream* to) { *to << each.name; }
};

const flood every_flood[] = {
    {"ping", h2::ping("12345678"), false},
    {"settings", h2::settings(), false},
    {"settings_ack", h2::settings_ack(), false},
    {"ping_ack", h2::ping("87654321", true)},
    {"window_update", h2::window_update(0, 1)},
    {"window_update_of_a_stream", h2::window_update(1, 1)},
    {"priority", h2::frame(frame_type::priority, 0, 1, std::string(5, '\0'))},
    {"unknown", h2::frame(static_cast<frame_type>(0xbe), 0, 0)},
    {"altsvc", h2::frame(frame_type::altsvc, 0, 0, h2::two_bytes(1) + "x" + "clear")},
};

std::string name_of_flood(const testing::TestParamInfo<flood>& each) { return each.param.name; }

class Http2Flood : public testing::TestWithParam<flood> {};

TEST_P(Http2Flood, ends_the_connection) {
  std::atomic<bool> all_taken{false};
  frame_server api{[&](frame_peer& p) {
    p.open();
    if (p.next_request()) all_taken = p.flood(GetParam().frame, more_than_any_budget);
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  EXPECT_EQ(mint_through(std::move(options)).all(), (outcomes{{"connect_failed", 1}}));
  const auto& seen = api.finish();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_FALSE(all_taken);
  EXPECT_LT(seen[0].written, few_bytes);
}

/// Of those that meet no other limit before.
class Http2FrameBudget : public Http2Flood {};

TEST_P(Http2FrameBudget, is_about_a_thousand_frames) {
  for (const int frames : {within_the_budget, beyond_the_budget}) {
    frame_server api{[&](frame_peer& p) {
      p.open();
      const auto request = p.next_request();
      // No reply behind too many: it would come too late anyway.
      if (request && p.flood(GetParam().frame, frames) && frames == within_the_budget)
        p.write(good_reply(*request));
    }};
    auto options = options_for(api);
    options.max_attempts = 1;
    const auto outcome = frames == within_the_budget ? "minted" : "connect_failed";
    EXPECT_EQ(mint_through(std::move(options)).all(), (outcomes{{outcome, 1}})) << frames;
    if (frames == beyond_the_budget) {
      EXPECT_EQ(api.finish().front().goaways(), std::vector{h2::error_code::enhance_your_calm});
    }
  }
}

std::vector<flood> calmed_floods() {
  std::vector<flood> some;
  std::copy_if(std::begin(every_flood), std::end(every_flood), std::back_inserter(some),
               [](const flood& each) { return each.told_to_calm_down; });
  return some;
}

INSTANTIATE_TEST_SUITE_P(All, Http2Flood, testing::ValuesIn(every_flood), &name_of_flood);
INSTANTIATE_TEST_SUITE_P(All, Http2FrameBudget, testing::ValuesIn(calmed_floods()), &name_of_flood);

TEST(Http2Floods, each_finished_reply_makes_room_for_a_thousand_frames_more) {
  frame_server api{[](frame_peer& p) {
    p.open();
    while (const auto request = p.next_request())
      if (!p.flood(h2::window_update(0, 1), within_the_budget) || !p.write(good_reply(*request))) return;
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options), {{}, {}, {}});
  for (const auto& each : seen.batches) EXPECT_EQ(each.all, (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.connections(), 1);
}

TEST(Http2Floods, of_an_idle_connection_end_it_and_the_next_mint_takes_another) {
  signal_to_script flooded;
  frame_server api{{[&](frame_peer& p) {
                      p.open();
                      if (const auto request = p.next_request()) p.write(good_reply(*request));
                      p.flood(h2::window_update(0, 1), beyond_the_budget);
                      p.wait_for_end();
                      flooded.give();
                    },
                    [](frame_peer& p) {
                      p.open();
                      p.serve();
                    }}};
  auto options = options_for(api);
  options.max_attempts = 1;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    const auto first = co_await mint_batch(c);
    EXPECT_EQ(first.all, (outcomes{{"minted", 1}}));
    while (c.stats().connections > 0) co_await pause_for(1ms);
    const auto second = co_await mint_batch(c);
    EXPECT_EQ(second.all, (outcomes{{"minted", 1}}));
  });
  EXPECT_TRUE(flooded.wait());
  EXPECT_EQ(api.connections(), 2);
}

TEST(Http2Floods, empty_data_ends_the_connection_by_the_same_budget) {
  frame_server api{[](frame_peer& p) {
    p.open();
    const auto request = p.next_request();
    if (!request) return;
    p.write(h2::headers(request->stream, h2::block({{":status", "200"}})));
    EXPECT_FALSE(p.flood(h2::data(request->stream, ""), more_than_any_budget));
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options));
  EXPECT_THAT(seen.names(), testing::Each(testing::AnyOf("connect_failed", "bad_response")));
  EXPECT_LT(api.finish().front().written, few_bytes);
}

TEST(Http2Floods, fifty_empty_data_frames_before_a_body_are_none) {
  frame_server api{[](frame_peer& p) {
    p.open();
    const auto request = p.next_request();
    if (!request) return;
    p.write(h2::headers(request->stream, h2::block({{":status", "200"}})));
    p.flood(h2::data(request->stream, ""), 50);
    p.write(h2::data(request->stream, good_body(request->account()), true));
  }};
  EXPECT_EQ(mint_through(options_for(api)).all(), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.connections(), 1);
}

TEST(Http2Floods, empty_continuations_end_the_connection) {
  frame_server api{[](frame_peer& p) {
    p.open();
    const auto request = p.next_request();
    if (!request) return;
    p.write(h2::open_headers(request->stream, h2::block({{":status", "200"}})));
    EXPECT_FALSE(p.flood(h2::continuation(request->stream, ""), more_than_any_budget));
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options));
  EXPECT_THAT(seen.names(), testing::Each(testing::AnyOf("connect_failed", "bad_response")));
  EXPECT_LT(api.finish().front().written, few_bytes);
}

TEST(Http2Floods, full_continuations_end_it_too) {
  frame_server api{[](frame_peer& p) {
    p.open();
    const auto request = p.next_request();
    if (!request) return;
    p.write(h2::open_headers(request->stream, h2::block({{":status", "200"}})));
    const auto full = h2::continuation(request->stream, h2::literal("filler", std::string(8'000, 'f')));
    EXPECT_FALSE(p.flood(full, more_than_any_budget));
  }};
  const auto seen = mint_through(options_for(api));
  EXPECT_EQ(seen.all(), (outcomes{{"bad_response", 1}}));
  EXPECT_EQ(api.requests(), 1);
  EXPECT_LT(api.finish().front().written, few_bytes);
}

TEST(Http2Floods, interim_replies_without_end_are_cut) {
  frame_server api{[](frame_peer& p) {
    p.open();
    const auto request = p.next_request();
    if (!request) return;
    p.flood(h2::headers(request->stream, h2::block({{":status", "103"}})), 100'000);
    p.serve();
  }};
  const auto seen = mint_through(options_for(api));
  EXPECT_EQ(seen.all(), (outcomes{{"bad_response", 1}}));
  EXPECT_EQ(api.requests(), 1);
}

TEST(Http2Floods, body_without_end_is_reset_and_no_more_of_it_is_taken_than_a_window) {
  frame_server api{[](frame_peer& p) {
    p.open();
    if (const auto first = p.next_request()) p.write(good_reply(*first));
    const auto request = p.next_request();
    if (!request) return;
    p.write(h2::headers(request->stream, h2::block({{":status", "200"}})));
    const std::string part(8'192, ' ');
    // As long as the client gives room for it, as an honest server has it.
    while (p.seen().resets().empty() && p.seen().written < few_bytes)
      if (!p.wait_for_window(8'192) || !p.write(h2::data(request->stream, part)) ||
          (p.has_input({}) && !p.next_frame()))
        return;
    p.serve();
  }};
  const auto seen = mint_through(options_for(api), {{}, {}, {}});
  EXPECT_EQ(seen.all(0), (outcomes{{"minted", 1}}));
  EXPECT_EQ(seen.all(1), (outcomes{{"bad_response", 1}}));
  EXPECT_EQ(seen.all(2), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.connections(), 1);
  const auto& connections = api.finish();
  EXPECT_LT(connections.front().written, few_bytes);
}

}  // namespace
}  // namespace ephemint::test
