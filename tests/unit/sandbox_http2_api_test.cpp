#include "api.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

// The API over HTTP/2.

namespace ephemint::sandbox {
namespace {

using namespace std::chrono_literals;

request mint_on(std::uint32_t stream) {
  return {.method = "POST",
          .target = "/v1/tokens/ephemeral?redirect=shipengine-dashboard",
          .host = "localhost:1",
          .api_key = "TEST_key",
          .api_keys = 1,
          .account = "se-1",
          .accounts = 1,
          .stream = stream};
}

class sandbox_http2_api : public testing::Test {
 protected:
  static server_options options(http2_use use = http2_use::automatic) {
    server_options o;
    o.api_key = "TEST_key";
    o.http2 = use;
    return o;
  }
  http2_exchange ask(std::uint32_t stream) {
    return api_.answer_http2(mint_on(stream), clock::time_point{1h}, wall_clock::time_point{1'800'000'000s});
  }

  api api_{options(), 1};
};

TEST_F(sandbox_http2_api, mints_as_over_http1) {
  const http2_exchange e = ask(1);
  EXPECT_EQ(e.status, 200U);
  EXPECT_NE(e.reply.body.find(R"("redirect_url":"https://localhost:1/api/directlogin?token=eyJ)"),
            std::string::npos);
  const server_stats stats = api_.stats();
  EXPECT_EQ(stats.requests, 1U);
  EXPECT_EQ(stats.http2_requests, 1U);
  EXPECT_EQ(stats.minted, 1U);
  EXPECT_EQ(stats.replies_by_status.at(200), 1U);
}

TEST_F(sandbox_http2_api, requests_are_told_apart_by_protocol) {
  request plain = mint_on(0);
  EXPECT_EQ(api_.answer(plain, clock::time_point{1h}, wall_clock::time_point{}).status, 200U);
  ask(1);
  EXPECT_EQ(api_.stats().requests, 2U);
  EXPECT_EQ(api_.stats().http2_requests, 1U);
}

TEST_F(sandbox_http2_api, refused_request_takes_no_permit) {
  api_.set_rate_limit({.kind = limiter_kind::sliding_window, .requests = 1, .window = 1min});
  fault refusing = fault::refuse();
  refusing.count = 1;
  api_.add_fault(refusing);
  EXPECT_EQ(ask(1).status, 0U);
  EXPECT_EQ(ask(3).status, 200U) << "the only permit was left";
  EXPECT_EQ(api_.stats().refused_streams, 1U);
  EXPECT_EQ(api_.stats().minted, 1U);
}

TEST_F(sandbox_http2_api, request_beyond_a_goaway_is_not_minted) {
  api_.add_fault(fault::go_away(http2_error::no_error, goaway_reach::earlier_requests));
  EXPECT_EQ(ask(5).status, 0U);
  EXPECT_EQ(api_.stats().minted, 0U);
  EXPECT_EQ(api_.stats().refused_streams, 0U);
}

TEST_F(sandbox_http2_api, other_resets_lose_a_token) {
  api_.add_fault(fault::reset_stream(http2_error::internal_error));
  EXPECT_EQ(ask(1).status, 0U);
  EXPECT_EQ(api_.stats().minted, 1U);
}

TEST_F(sandbox_http2_api, beginnings_say_how_many_streams) {
  EXPECT_EQ(api_.on_http2_connection().max_streams, 100U);
  api_.set_max_streams(7);
  EXPECT_EQ(api_.on_http2_connection().max_streams, 7U);
  api_.add_fault(parse_fault("window=0,count=1"));
  api_.add_fault(parse_fault("settings_delay=5ms,max_streams=3,count=1"));
  EXPECT_EQ(api_.on_http2_connection().max_streams, 7U);
  EXPECT_EQ(api_.on_http2_connection().max_streams, 3U);
  EXPECT_EQ(api_.stats().http2_connections, 4U);
  EXPECT_EQ(api_.stats().faulted, 2U);
  EXPECT_THROW(api_.set_max_streams(1001), std::invalid_argument);
}

TEST_F(sandbox_http2_api, streams_are_counted_at_their_peak) {
  for (const std::size_t open : {1, 5, 2}) api_.on_streams(open);
  EXPECT_EQ(api_.stats().peak_streams, 5U);
  api_.reset_stats();
  EXPECT_EQ(api_.stats().peak_streams, 0U);
}

TEST_F(sandbox_http2_api, faults_of_http2_are_refused_where_it_is_not_spoken) {
  api never{options(http2_use::never), 1};
  try {
    never.add_fault(fault::refuse());
    FAIL();
  } catch (const std::invalid_argument& why) {
    EXPECT_STREQ(why.what(), "fault.http2 needs a server that speaks HTTP/2: this one is told not to");
  }
}

}  // namespace
}  // namespace ephemint::sandbox
