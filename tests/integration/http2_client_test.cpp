// A whole client over HTTP/2: how its requests look, and that nothing depends on where bytes are cut.
#include "support/http2_trial.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

class Http2Client : public testing::Test {};

void serve_everybody(frame_peer& p) {
  if (p.open()) p.serve();
}

TEST_F(Http2Client, request_is_what_rfc_9113_asks_for_and_its_secrets_are_never_indexed) {
  frame_server api{&serve_everybody};
  auto options = options_for(api);
  options.base_url += "/prefix";
  const auto seen = mint_through(std::move(options), {{.mints = 2}});
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 2}}));
  const auto& connection = api.finish().front();
  ASSERT_EQ(connection.requests.size(), 2u);
  for (const auto& request : connection.requests) {
    EXPECT_EQ(request.value_of(":method"), "POST");
    EXPECT_EQ(request.value_of(":scheme"), "https");
    EXPECT_EQ(request.value_of(":authority"), "localhost:" + std::to_string(api.port()));
    EXPECT_THAT(request.value_of(":path"), testing::StartsWith("/prefix/v1/tokens/ephemeral"));
    EXPECT_EQ(request.value_of("content-length"), "0");
    EXPECT_EQ(request.value_of("api-key"), "TEST_key-of-a-hostile-server");
    std::set<std::string> names;
    bool in_pseudo_fields = true;
    for (const auto& each : request.fields) {
      EXPECT_TRUE(names.insert(each.name).second) << each.name;
      const bool is_secret = each.name == "api-key" || each.name == "on-behalf-of";
      EXPECT_EQ(each.never_indexed, is_secret) << each.name;
      const bool is_pseudo = each.name.starts_with(':');
      EXPECT_TRUE(in_pseudo_fields || !is_pseudo) << "RFC 9113 §8.3: they come first";
      in_pseudo_fields = is_pseudo;
    }
    EXPECT_EQ(names.count("host") + names.count("connection"), 0u);
  }
  for (const auto& each : connection.frames)
    if (each.type == h2::frame_type::headers) {
      EXPECT_TRUE(each.has(h2::flag::end_stream)) << "there is no body";
    }
  EXPECT_EQ(connection.count(h2::frame_type::data), 0);
}

TEST_F(Http2Client, says_goodbye_when_it_closes) {
  frame_server api{&serve_everybody};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    const auto minted = co_await mint_batch(c, 3);
    EXPECT_EQ(minted.all, (outcomes{{"minted", 3}}));
    (void)co_await c.close();
  });
  EXPECT_EQ(api.finish().front().goaways(), std::vector{h2::error_code::no_error});
}

TEST_F(Http2Client, reply_that_is_cut_at_any_byte_is_the_same_reply) {
  frame_server api{[](frame_peer& p) {
    p.open();
    for (std::size_t cut = 1; const auto request = p.next_request(); ++cut) {
      const auto reply = good_reply(*request);
      const auto size = cut % (reply.size() - 1) + 1;
      if (!p.write(reply.substr(0, size)) || !p.write(reply.substr(size))) return;
    }
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  // One behind the other: each is cut elsewhere, and a good reply has fewer bytes than these.
  const std::vector<batch> one_by_one(300);
  const auto seen = mint_through(std::move(options), one_by_one);
  for (const auto& each : seen.batches) ASSERT_EQ(each.all, (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.connections(), 1);
  EXPECT_LT(api.finish().front().written, 300u * 300u) << "a reply has fewer than 300 bytes";
}

TEST_F(Http2Client, servers_first_words_may_be_cut_at_any_byte) {
  const std::string first = h2::settings({{h2::setting::max_concurrent_streams, 50}}) + h2::settings_ack() +
                            h2::window_update(0, 1'000);
  for (std::size_t cut = 1; cut < first.size(); ++cut) {
    frame_server api{[&](frame_peer& p) {
      p.read_preface();
      p.be_rude();  // our acknowledgement is in there
      if (p.write(first.substr(0, cut)) && p.write(first.substr(cut))) p.serve();
    }};
    ASSERT_EQ(mint_through(options_for(api)).all(), (outcomes{{"minted", 1}})) << cut;
    ASSERT_EQ(api.connections(), 1);
  }
}

TEST_F(Http2Client, sessions_are_resumed_with_the_protocol_agreed_anew) {
  frame_server api{[](frame_peer& p) {
    p.open();
    if (const auto request = p.next_request())
      p.write(good_reply(*request) + h2::goaway(request->stream, h2::error_code::no_error));
  }};
  auto options = options_for(api);
  options.max_attempts = 1;
  const auto seen = mint_through(std::move(options), {{}, {}, {}, {}});
  for (const auto& each : seen.batches) EXPECT_EQ(each.all, (outcomes{{"minted", 1}}));
  EXPECT_EQ(seen.stats.full_handshakes, 1u);
  EXPECT_EQ(seen.stats.resumed_handshakes, 3u);
  for (const auto& each : api.finish()) EXPECT_EQ(each.protocol, "h2");
}

// behaviours: I5, P7
TEST_F(Http2Client, nothing_that_a_server_says_or_hears_stands_in_an_error) {
  using h2::error_code;
  const std::string marker = "planted-text";
  const std::vector<std::function<std::string(const frame_request&)>> endings{
      [&](const auto& r) {
        return h2::headers(r.stream,
                           h2::block({{":status", "200"}, {"Upper", marker + r.value_of("api-key")}}), true);
      },
      [&](const auto&) { return h2::goaway(0, error_code::internal_error, marker); },
      [&](const auto& r) { return h2::data(r.stream, marker, true); },
      [&](const auto&) { return marker + marker + marker; },
      [&](const auto& r) {
        return h2::headers(r.stream, h2::block({{":status", marker}}), true);
      },
  };
  for (const auto& ending : endings) {
    frame_server api{[&](frame_peer& p) {
      p.open();
      if (const auto request = p.next_request()) p.write(ending(*request));
    }};
    auto options = options_for(api);
    options.max_attempts = 1;
    std::string said;
    run([&]() -> asio::awaitable<void> {
      client c{co_await asio::this_coro::executor, std::move(options)};
      const auto minted = co_await c.mint({.account = "se-1"});
      if (!minted) said = to_string(minted.error());
    });
    EXPECT_NE(said, "");
    EXPECT_THAT(said, testing::Not(testing::HasSubstr(marker)));
    EXPECT_THAT(said, testing::Not(testing::HasSubstr("key-of-a-hostile-server")));
    EXPECT_EQ(said.find('\n'), said.npos) << "one line";
  }
}

TEST_F(Http2Client, connection_that_grew_old_is_replaced_and_nobody_notices) {
  frame_server api{&serve_everybody};
  auto options = options_for(api);
  options.max_attempts = 1;
  options.max_connection_age = 1s;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    // A second and a fifth at most, and bounded by the test's own time.
    while (c.stats().dials < 2) {
      const auto minted = co_await mint_batch(c, 10);
      EXPECT_EQ(minted.all, (outcomes{{"minted", 10}}));
    }
    EXPECT_EQ(c.stats().retries, 0u);
  });
  EXPECT_LE(api.connections(), 3);
  EXPECT_LE(api.most_connected(), 2);
}

// A load balancer over servers of two minds.
TEST_F(Http2Client, connections_of_both_protocols_serve_side_by_side) {
  frame_server api{[](frame_peer& p) {
                     p.open({{h2::setting::max_concurrent_streams, 2}});
                     for (int n = 1; const auto request = p.next_request(); ++n) {
                       if (n == 15) p.write(h2::goaway(0x7fffffff, h2::error_code::no_error));
                       if (!p.write(good_reply(*request))) return;
                     }
                   },
                   {.alternates = true}};
  auto options = options_for(api);
  options.max_connections = 3;
  options.max_attempts = 2;
  const auto seen = mint_through(std::move(options), {{.mints = 5}, {.mints = 200}});
  EXPECT_EQ(seen.all(0), (outcomes{{"minted", 5}}));
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 200}}));
  EXPECT_LE(api.most_connected(), 2 * 3) << "the server is told late that one has gone";
  std::set<std::string> spoken;
  for (const auto& each : api.finish()) spoken.insert(each.requests.empty() ? "none" : each.protocol);
  EXPECT_THAT(spoken, testing::IsSupersetOf({std::string{"h2"}, std::string{}}));
}

TEST_F(Http2Client, warm_up_is_room_for_so_many_and_not_so_many_connections) {
  frame_server api{&serve_everybody};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    const auto warm = co_await c.warm_up(8);
    EXPECT_TRUE(warm.has_value());
    EXPECT_EQ(c.stats().connections, 1u);
    const auto minted = co_await mint_batch(c, 8);
    EXPECT_EQ(minted.all, (outcomes{{"minted", 8}}));
    EXPECT_EQ(c.stats().dials, 1u);
  });
  EXPECT_EQ(api.connections(), 1);
}

TEST_F(Http2Client, never_has_more_streams_than_its_option_says) {
  frame_server api{[](frame_peer& p) {
    p.open({{h2::setting::max_concurrent_streams, 1'000}});
    p.serve();
  }};
  auto options = options_for(api);
  options.max_streams = 4;
  options.max_connections = 1;
  const auto seen = mint_through(std::move(options), {{.mints = 40}});
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 40}}));
  EXPECT_LE(api.finish().front().most_open, 4u);
  EXPECT_EQ(api.connections(), 1);
}

}  // namespace
}  // namespace ephemint::test
