// Mints that are cancelled over HTTP/2: what they leave on a connection that others use.
#include "support/http2_trial.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <deque>
#include <set>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

const outcomes hundred_minted{{"minted", 100}};

/// Mints that are cancelled when the server has them.
asio::awaitable<void> give_up(client& c, const frame_server& api, int n) {
  const int before = api.requests();
  std::deque<asio::cancellation_signal> signals(static_cast<std::size_t>(n));
  int cancelled = 0;
  for (auto& each : signals)
    c.async_mint({.account = "se-given-up"}, asio::bind_cancellation_slot(each.slot(), [&](mint_result r) {
                   cancelled += name_of(r) == "cancelled";
                 }));
  while (api.requests() < before + n) co_await pause_for(1ms);
  for (auto& each : signals) each.emit(asio::cancellation_type::terminal);
  while (cancelled < n) co_await pause_for(1ms);
}

class Http2Cancel : public testing::Test {};

// What is thrown away still counts against the connection's window, and has to be given back.
TEST_F(Http2Cancel, replies_that_nobody_wants_any_more_leave_room_for_a_hundred_others) {
  frame_server api{[](frame_peer& p) {
    p.open();
    if (const auto first = p.next_request()) p.write(good_reply(*first));
    const auto given_up = p.next_requests(60);
    std::set<std::uint32_t> reset;
    while (reset.size() < given_up.size()) {
      const auto one = p.next_frame(h2::frame_type::rst_stream);
      if (!one) return;
      reset.insert(one->stream);
    }
    const std::string part(10'240, ' ');
    for (const auto& each : given_up) {
      p.write(h2::headers(each.stream, h2::block({{":status", "200"}})));
      for (int i = 0; i < 4; ++i)
        if (!p.wait_for_window(10'240) || !p.write(h2::data(each.stream, part, i == 3))) return;
    }
    while (const auto request = p.next_request()) {
      const auto body = good_body(request->account(), 9'000);
      if (!p.wait_for_window(static_cast<std::int64_t>(body.size()))) return;
      p.write(reply_of(request->stream, good_fields(body.size()), body));
    }
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  options.max_connections = 1;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    (void)co_await mint_batch(c);
    co_await give_up(c, api, 60);
    const auto after = co_await mint_batch(c, 100);
    EXPECT_EQ(after.all, hundred_minted);
  });
  EXPECT_EQ(api.connections(), 1);
  const auto& seen = api.finish().front();
  EXPECT_EQ(seen.resets(), std::vector(60, h2::error_code::cancel));
}

TEST_F(Http2Cancel, replies_that_come_soon_are_thrown_away_without_a_reset) {
  signal_to_script go_on;
  frame_server api{[&](frame_peer& p) {
    p.open();
    if (const auto first = p.next_request()) p.write(good_reply(*first));
    const auto given_up = p.next_requests(60);
    if (!go_on.wait()) return;
    for (const auto& each : given_up) p.write(good_reply(each));
    p.serve();
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  options.max_connections = 1;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    (void)co_await mint_batch(c);
    co_await give_up(c, api, 60);
    go_on.give();
    const auto after = co_await mint_batch(c, 100);
    EXPECT_EQ(after.all, hundred_minted);
  });
  EXPECT_EQ(api.connections(), 1);
  EXPECT_EQ(api.requests(), 161);
}

// A stream that was given up holds its place until the server has let it go: RFC 9113 §5.1.2 counts it.
TEST_F(Http2Cancel, storms_never_exceed_the_servers_limit) {
  std::size_t most = 0;
  frame_server api{[&](frame_peer& p) {
    p.open({{h2::setting::max_concurrent_streams, 5}});
    while (const auto request = p.next_request()) {
      most = std::max(most, p.open_streams());
      if (request->account() != "se-given-up" && !p.write(good_reply(*request))) return;
    }
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  options.max_connections = 1;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    (void)co_await mint_batch(c);
    for (int round = 0; round < 4; ++round) {
      co_await give_up(c, api, 5);
      const auto after = co_await mint_batch(c, 10);
      EXPECT_EQ(after.all, (outcomes{{"minted", 10}}));
    }
  });
  EXPECT_EQ(api.connections(), 1);
  api.finish();
  EXPECT_LE(most, 5u);
}

TEST_F(Http2Cancel, client_that_goes_in_the_middle_of_many_leaves_nothing) {
  frame_server api{[](frame_peer& p) {
    p.open();
    p.wait_for_end();
  }};
  int closed = 0;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    for (int i = 0; i < 10; ++i)
      c.async_mint({.account = "se-1"}, [&](mint_result r) { closed += name_of(r) == "closed"; });
    while (api.requests() < 10) co_await pause_for(1ms);
  });
  EXPECT_EQ(closed, 10);
  EXPECT_TRUE(api.finish().front().ended);
}

}  // namespace
}  // namespace ephemint::test
