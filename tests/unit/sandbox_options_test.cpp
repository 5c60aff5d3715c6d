#include "check.hpp"

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
  };
  for (const auto& c : cases) EXPECT_TRUE(refusal(c.what).starts_with(c.start)) << refusal(c.what);
}

}  // namespace
}  // namespace ephemint::sandbox
