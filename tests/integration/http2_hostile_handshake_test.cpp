// What a server may answer to the offer of HTTP/2, and how it may begin.
#include "support/http2_trial.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using offer = std::vector<std::string>;

void serve_all(frame_peer& p) {
  if (p.open()) p.serve();
}

class Http2Handshake : public testing::Test {};

TEST_F(Http2Handshake, offers_both_and_speaks_what_was_picked) {
  frame_server api{&serve_all};
  const auto seen = mint_through(options_for(api));
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 1}}));
  const auto& connections = api.finish();
  ASSERT_EQ(connections.size(), 1u);
  EXPECT_EQ(connections[0].offered, (offer{"h2", "http/1.1"}));
  EXPECT_TRUE(connections[0].preface);
  EXPECT_EQ(seen.stats.http2_connections, 1u);
}

TEST_F(Http2Handshake, server_that_picks_http1_or_nothing_gets_http1_on_that_connection) {
  for (const offer& picks : {offer{"http/1.1"}, offer{}}) {
    frame_server api{&serve_all, {.protocols = picks}};
    const auto seen = mint_through(options_for(api), {{}, {}});
    EXPECT_EQ(seen.all(0), (outcomes{{"minted", 1}}));
    EXPECT_EQ(seen.all(1), (outcomes{{"minted", 1}}));
    EXPECT_EQ(seen.stats.http2_connections, 0u);
    const auto& connections = api.finish();
    ASSERT_EQ(connections.size(), 1u);
    EXPECT_EQ(connections[0].offered, (offer{"h2", "http/1.1"}));
    EXPECT_EQ(connections[0].requests.size(), 2u);
  }
}

TEST_F(Http2Handshake, server_without_it_is_refused_before_one_request_byte_where_it_is_a_must) {
  for (const offer& picks : {offer{"http/1.1"}, offer{}}) {
    frame_server api{&serve_all, {.protocols = picks}};
    auto options = options_for(api);
    options.http2 = http2_use::only;
    const auto seen = mint_through(std::move(options));
    EXPECT_EQ(seen.all(), (outcomes{{"tls_failed", 1}}));
    const auto& connections = api.finish();
    ASSERT_EQ(connections.size(), 1u) << "trying again changes nothing";
    EXPECT_EQ(connections[0].offered, offer{"h2"});
    EXPECT_TRUE(connections[0].requests.empty());
  }
}

TEST_F(Http2Handshake, is_not_offered_where_it_is_unwanted) {
  frame_server api{&serve_all};
  auto options = options_for(api);
  options.http2 = http2_use::never;
  const auto seen = mint_through(std::move(options));
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 1}}));
  const auto& connections = api.finish();
  ASSERT_EQ(connections.size(), 1u);
  EXPECT_THAT(connections[0].offered, testing::Not(testing::Contains("h2")));
  EXPECT_EQ(connections[0].requests.size(), 1u);
}

TEST_F(Http2Handshake, protocol_that_was_not_offered_is_no_protocol) {
  frame_server api{&serve_all, {.protocols = {"h3"}, .insists = true}};
  const auto seen = mint_through(options_for(api));
  EXPECT_THAT(seen.names(), testing::Each(testing::AnyOf("tls_failed", "connect_failed")));
  EXPECT_LE(api.connections(), 3);
  EXPECT_EQ(api.requests(), 0);
}

TEST_F(Http2Handshake, http2_that_was_not_offered_is_not_spoken) {
  frame_server api{&serve_all, {.protocols = {"h2"}, .insists = true}};
  auto options = options_for(api);
  options.http2 = http2_use::never;
  const auto seen = mint_through(std::move(options));
  EXPECT_THAT(seen.names(), testing::Each(testing::AnyOf("tls_failed", "connect_failed")));
  EXPECT_LE(api.connections(), 3);
  EXPECT_EQ(api.requests(), 0);
}

// RFC 9113 §9.2.2 and its appendix A.
TEST_F(Http2Handshake, cipher_that_http2_forbids_sends_no_request_over_it) {
  frame_server api{&serve_all, {.greatest_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-SHA256"}};
  const auto seen = mint_through(options_for(api));
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 1}})) << "over HTTP/1.1";
  for (const auto& each : api.finish()) {
    if (each.protocol == "h2") {
      EXPECT_TRUE(each.requests.empty());
    }
  }
}

TEST_F(Http2Handshake, cipher_that_http2_allows_does_with_tls_1_2_too) {
  frame_server api{&serve_all,
                   {.greatest_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"}};
  const auto seen = mint_through(options_for(api));
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 1}}));
  const auto& connections = api.finish();
  ASSERT_EQ(connections.size(), 1u);
  EXPECT_EQ(connections[0].protocol, "h2");
}

/// Something else than SETTINGS comes first.
struct false_start {
  const char* name;
  std::string bytes;

  friend void PrintTo(const false_start& each, std::ostream* to) { *to << each.name; }
};

class Http2FalseStart : public testing::TestWithParam<false_start> {};

TEST_P(Http2FalseStart, ends_the_connection_and_is_tried_again_for_a_while_only) {
  frame_server api{[](frame_peer& p) {
    if (p.read_preface() && p.next_request()) p.write(GetParam().bytes);
  }};
  const auto seen = mint_through(options_for(api), {{.mints = 2}});
  EXPECT_EQ(seen.all(), (outcomes{{"connect_failed", 2}}));
  const auto& connections = api.finish();
  EXPECT_LE(connections.size(), 6u);
  for (const auto& each : connections) {
    EXPECT_EQ(each.goaways(), std::vector{h2::error_code::protocol_error});
    EXPECT_TRUE(each.ended);
  }
  EXPECT_LE(api.requests(), 6);
}

INSTANTIATE_TEST_SUITE_P(
    All, Http2FalseStart,
    testing::Values(false_start{"http1", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"},
                    false_start{"ping", h2::ping("12345678")}, false_start{"ack", h2::settings_ack()},
                    false_start{"reply", h2::headers(1, h2::block({{":status", "200"}}), true)}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace ephemint::test
