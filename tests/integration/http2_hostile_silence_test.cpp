// Servers that don't answer, or so slowly that they might as well not.
#include "support/http2_trial.hpp"

#include <atomic>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

class Http2Silence : public testing::Test {};

void answer_all(frame_peer& p) {
  p.open();
  p.serve();
}

/// Serves one request, then reads but never answers again.
void go_deaf(frame_peer& p) {
  p.open();
  if (const auto request = p.next_request()) p.write(good_reply(*request));
  p.be_rude();
}

TEST_F(Http2Silence, of_a_whole_connection_costs_one_attempts_time_and_not_one_a_mint) {
  frame_server api{{&go_deaf, &answer_all}};
  auto options = options_for(api);
  options.max_attempts = 2;
  options.attempt_timeout = 1s;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    const auto first = co_await mint_batch(c);
    EXPECT_EQ(first.all, (outcomes{{"minted", 1}}));
    const auto lost = co_await mint_batch(c, 4);
    EXPECT_EQ(lost.all, (outcomes{{"minted", 4}}));
    EXPECT_EQ(c.stats().retries, 4u);
    const auto after = co_await mint_batch(c, 8);
    EXPECT_EQ(after.all, (outcomes{{"minted", 8}}));
    EXPECT_EQ(c.stats().retries, 4u) << "nobody is sent into the dead connection again";
  });
  EXPECT_EQ(api.connections(), 2);
  const auto& connections = api.finish();
  EXPECT_EQ(connections[0].requests.size(), 5u);
  EXPECT_GE(connections[0].count(h2::frame_type::ping), 1) << "it was asked for a sign of life";
  EXPECT_EQ(connections[0].resets(), std::vector(4, h2::error_code::cancel));
}

TEST_F(Http2Silence, of_a_connection_is_over_with_any_sign_of_life) {
  std::atomic<bool> was_heard{false};
  frame_server api{[&](frame_peer& p) {
    p.open();
    if (const auto request = p.next_request()) p.write(good_reply(*request));
    p.next_request();                    // and isn't answered;
    p.next_frame(h2::frame_type::ping);  // this is
    p.write(h2::ping("a PING !"));       // Who answers this one has heard that.
    was_heard = p.next_frame(h2::frame_type::ping, h2::flag::ack).has_value();
    p.serve();
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  options.attempt_timeout = 400ms;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    const auto first = co_await mint_batch(c);
    EXPECT_EQ(first.all, (outcomes{{"minted", 1}}));
    const auto lost = co_await mint_batch(c);
    EXPECT_EQ(lost.all, (outcomes{{"timed_out", 1}}));
    for (int i = 0; i < 5'000 && !was_heard; ++i) co_await pause_for(1ms);
    const auto after = co_await mint_batch(c, 3);
    EXPECT_EQ(after.all, (outcomes{{"minted", 3}}));
  });
  EXPECT_EQ(api.connections(), 1);
}

TEST_F(Http2Silence, of_one_stream_of_eleven_harms_the_one) {
  std::uint32_t silent = 0;
  frame_server api{[&](frame_peer& p) {
    p.open();
    while (const auto request = p.next_request())
      if (request->account() == "se-5" && silent == 0)
        silent = request->stream;
      else
        p.write(good_reply(*request));
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  options.attempt_timeout = 1s;
  const auto seen = mint_through(std::move(options), {{.mints = 11}, {}});
  std::vector<std::string> wanted(11, "minted");
  wanted[5] = "timed_out";
  EXPECT_EQ(seen.names(0), wanted);
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 1}}));
  EXPECT_LE(api.connections(), 2);
  EXPECT_EQ(api.requests(), 12);
  EXPECT_EQ(api.finish().front().resets(silent), std::vector{h2::error_code::cancel});
}

TEST_F(Http2Silence, where_the_end_of_a_reply_should_be_is_no_reply) {
  frame_server api{[](frame_peer& p) {
    p.open();
    while (const auto request = p.next_request()) {
      const auto body = good_body(request->account());
      p.write(h2::headers(request->stream, h2::block(good_fields(body.size()))) +
              h2::data(request->stream, body, request->account() != "se-2"));
    }
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  options.attempt_timeout = 1s;
  const auto seen = mint_through(std::move(options), {{.mints = 4}});
  EXPECT_EQ(seen.names(), (std::vector<std::string>{"minted", "minted", "timed_out", "minted"}));
  EXPECT_LE(api.connections(), 2);
}

TEST_F(Http2Silence, records_of_one_byte_are_only_slow) {
  frame_server api{[](frame_peer& p) {
    p.read_preface();
    p.write_in_pieces(h2::settings({{h2::setting::max_concurrent_streams, 100}}), 1);
    while (const auto request = p.next_request())
      if (!p.write_in_pieces(good_reply(*request), 1)) return;
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options), {{.mints = 5}, {}});
  EXPECT_EQ(seen.all(0), (outcomes{{"minted", 5}}));
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.connections(), 1);
}

TEST_F(Http2Silence, between_bytes_does_not_outlast_the_deadline) {
  frame_server api{[](frame_peer& p) {
    p.open();
    const auto request = p.next_request();
    if (!request) return;
    const auto reply = good_reply(*request);
    // A byte, unless the client does something within 50 ms.
    for (const char& byte : reply)
      if ((p.has_input(50ms) && !p.next_frame()) || !p.write({&byte, 1})) return;
  }};
  auto options = options_for(api);
  options.deadline = 400ms;
  EXPECT_EQ(mint_through(std::move(options)).all(), (outcomes{{"timed_out", 1}}));
  EXPECT_EQ(api.requests(), 1);
}

TEST_F(Http2Silence, behind_the_handshake_is_an_attempt_that_timed_out) {
  frame_server api{{[](frame_peer& p) { p.be_rude(); }, &answer_all}};
  auto options = options_for(api);
  options.max_attempts = 2;
  options.attempt_timeout = 400ms;
  const auto seen = mint_through(std::move(options), {{.mints = 2}});
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 2}}));
  EXPECT_LE(api.connections(), 3);
}

}  // namespace
}  // namespace ephemint::test
