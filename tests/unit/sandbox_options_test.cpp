#include "check.hpp"
#include "http2_peer.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>

namespace ephemint::sandbox {
namespace {

using namespace std::chrono_literals;

template <class Options>
std::string refusal(const Options& options) {
  try {
    check(options);
    return "";
  } catch (const std::invalid_argument& why) {
    return why.what();
  }
}

TEST(sandbox_options, defaults_are_good) {
  EXPECT_EQ(refusal(server_options{}), "");
  EXPECT_EQ(refusal(fault{}), "");
  EXPECT_EQ(refusal(rate_limit{}), "");
}

TEST(sandbox_options, bad_ones_are_named) {
  struct {
    std::function<void(server_options&)> spoil;
    const char* message;
  } const cases[] = {
      {[](auto& o) { o.api_key = "a b"; },
       "server_options.api_key must be 1 to 512 characters of visible ASCII"},
      {[](auto& o) { o.api_key = std::string(513, 'x'); },
       "server_options.api_key must be 1 to 512 characters of visible ASCII"},
      {[](auto& o) { o.token_lifetime = 0ms; },
       "server_options.token_lifetime must be from 1 ms to 86400000 ms, not 0 ms"},
      {[](auto& o) { o.portal_url = "http://x"; },
       "server_options.portal_url must be an https:// URL without query and fragment, at most 1000 "
       "characters"},
      {[](auto& o) { o.portal_url = "https://x?a=b"; },
       "server_options.portal_url must be an https:// URL without query and fragment, at most 1000 "
       "characters"},
      {[](auto& o) { o.limit.requests = 1'000'001; },
       "rate_limit.requests must be from 0 to 1000000, not 1000001"},
      {[](auto& o) { o.limit.window = 0ms; }, "rate_limit.window must be from 1 ms to 86400000 ms, not 0 ms"},
      {[](auto& o) { o.limit.burst = 1'000'001; }, "rate_limit.burst must be from 0 to 1000000, not 1000001"},
      {[](auto& o) { o.latency = -1ms; },
       "server_options.latency must be from 0 ms to 3600000 ms, not -1 ms"},
      {[](auto& o) { o.jitter = 2h; },
       "server_options.jitter must be from 0 ms to 3600000 ms, not 7200000 ms"},
      {[](auto& o) { o.faults = {{.status = 100}}; }, "fault.status must be from 200 to 599, not 100"},
      {[](auto& o) { o.min_tls = tls_version::tls_1_3, o.max_tls = tls_version::tls_1_2; },
       "server_options.min_tls must not be above max_tls"},
      {[](auto& o) { o.max_streams = 1001; }, "server_options.max_streams must be from 0 to 1000, not 1001"},
      {[](auto& o) { o.session_tickets = 1001; },
       "server_options.session_tickets must be from 0 to 1000, not 1001"},
      {[](auto& o) { o.tracked_accounts = 10'000'001; },
       "server_options.tracked_accounts must be from 0 to 10000000, not 10000001"},
      {[](auto& o) { o.peak_window = 25h; },
       "server_options.peak_window must be from 0 ms to 86400000 ms, not 90000000 ms"},
  };
  for (const auto& c : cases) {
    server_options options;
    c.spoil(options);
    EXPECT_EQ(refusal(options), c.message);
  }
}

TEST(sandbox_options, http2_that_cannot_be_is_refused) {
  server_options never;
  never.http2 = http2_use::never;
  EXPECT_EQ(refusal(never), "");
  never.faults = {fault::refuse()};
  EXPECT_NE(refusal(never).find("fault.http2 needs "), std::string::npos);

  server_options only;
  only.http2 = http2_use::only;
  if (!http2_is_built()) {
    EXPECT_EQ(refusal(only), "server_options.http2 can't be only: this build is without nghttp2");
    return;
  }
  EXPECT_EQ(refusal(only), "");
  only.plain_http = true;
  EXPECT_EQ(refusal(only), "server_options.http2 can't be only: HTTP/2 needs TLS 1.2 or newer");
  only.plain_http = false;
  only.min_tls = only.max_tls = tls_version::tls_1_1;
  EXPECT_EQ(refusal(only), "server_options.http2 can't be only: HTTP/2 needs TLS 1.2 or newer");
}

TEST(sandbox_options, bad_faults_are_named) {
  struct {
    fault what;
    const char* start;
  } const cases[] = {
      {{.every = 0}, "fault.every must"},
      {{.probability = 1.5}, "fault.probability must"},
      {{.delay = -1ms}, "fault.delay must"},
      {{.jitter = 2h}, "fault.jitter must"},
      {{.tail_probability = -0.5}, "fault.tail_probability must"},
      {{.tail_delay = -1ms}, "fault.tail_delay must"},
      {{.status = 600}, "fault.status must"},
      {{.body = fault_body::html}, "fault.body html and empty need a fault.status"},
      {{.header_padding = 1UL << 30}, "fault.header_padding must"},
      {{.body_padding = 1UL << 30}, "fault.body_padding must"},
      {{.interim = 10'001}, "fault.interim must"},
      {{.interim_status = 200}, "fault.interim_status must"},
      {{.framing = body_framing::chunked, .missing_bytes = 1}, "fault.missing_bytes needs"},
      {{.missing_bytes = 1UL << 30}, "fault.missing_bytes must"},
      {{.drip = -1ms}, "fault.drip must"},
      {{.end_at = end_point::before_reply}, "fault.end_at needs"},
      {{.account = "a", .handshake = handshake_fault::close}, "fault.handshake happens before"},
      {{.http2 = {.reset_at = reset_point::after_reply}}, "fault.http2.reset_at needs"},
      {{.http2 = {.reset = http2_error::cancel, .end = stream_end::silent}}, "fault.http2.reset ends"},
      {{.http2 = {.reset = http2_error::cancel, .reset_at = reset_point::inside_reply, .trailers = {"a: b"}}},
       "fault.http2.trailers can't"},
      {{.http2 = {.padding = 256}}, "fault.http2.padding must"},
      {{.http2 = {.continuations = 10'001}}, "fault.http2.continuations must"},
      {{.http2 = {.empty_data = 100'001}}, "fault.http2.empty_data must"},
      {{.http2 = {.max_streams = 1'001}}, "fault.http2.max_streams must"},
      {{.http2 = {.pings = 1'001}}, "fault.http2.pings must"},
      {{.http2 = {.settings_delay = -1ms}}, "fault.http2.settings_delay must"},
      {{.http2 = {.window = 0x80000000}}, "fault.http2.window must"},
      {{.http2 = {.go_away = goaway{.last_stream = 0x80000000}}}, "fault.http2.go_away.last_stream must"},
      {{.account = "a", .http2 = {.window = 0}}, "fault.http2.settings_delay and window happen before"},
  };
  for (const auto& c : cases) EXPECT_TRUE(refusal(c.what).starts_with(c.start)) << refusal(c.what);
}

}  // namespace
}  // namespace ephemint::sandbox
