#include "face/options.hpp"

#include <ephemint/rate_governor.hpp>
#include <ephemint/version.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ephemint {

using namespace detail;

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using testing::ElementsAre;

client_options good() {
  client_options o;
  o.api_key = secret{"TEST_planted"};
  return o;
}

void use_proxy(client_options& o, std::string_view credentials) {
  o.proxy = "http://proxy.test:3128";
  o.proxy_credentials = std::make_shared<const secret>(credentials);
}

struct idle_governor final : rate_governor {
  std::uint32_t join(std::weak_ptr<quota_listener>) override { return 0; }
  void leave(std::uint32_t) override {}
  admission try_acquire(clock::time_point, const permit_request&) override { return {}; }
  void on_reply(clock::time_point, permit, const permit_reply&) override {}
  void give_back(clock::time_point, permit) override {}
  clock::time_point estimate(clock::time_point now, const permit_request&, std::size_t) const override {
    return now;
  }
};

/// The error of the check of good options after `change`; empty: none.
std::string fault_after(const std::function<void(client_options&)>& change) {
  auto options = good();
  change(options);
  try {
    (void)check(options);
    return "";
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
}

TEST(ClientOptions, defaults_are_the_production_api) {
  auto options = good();
  options.api_key = secret{"planted"};
  const auto checked = check(options);
  EXPECT_EQ(checked.endpoint.host, "api.shipengine.com");
  EXPECT_EQ(checked.endpoint.port, 443);
  EXPECT_TRUE(checked.endpoint.system_authorities);
  EXPECT_TRUE(checked.endpoint.resume_sessions);
  EXPECT_EQ(checked.host_header, "api.shipengine.com");
  EXPECT_EQ(checked.target, "/v1/tokens/ephemeral?redirect=shipengine-dashboard");
  EXPECT_EQ(checked.bare_target, "/v1/tokens/ephemeral");
  EXPECT_EQ(checked.user_agent, "ephemint/" EPHEMINT_VERSION);
  EXPECT_THAT(checked.redirects.hosts, ElementsAre("dashboard.shipengine.com"));
  EXPECT_EQ(checked.redirects.any_port_host, "");
  EXPECT_EQ(checked.rate, production_quota);
}

TEST(ClientOptions, quota_follows_the_key) {
  EXPECT_EQ(check(good()).rate, test_key_quota);
  for (const char* key : {"test_x", "TESTx", "xTEST_"}) {
    auto options = good();
    options.api_key = secret{key};
    EXPECT_EQ(check(options).rate, production_quota) << key;
  }
  auto options = good();
  options.rate = quota::declared(7, 1s);
  EXPECT_EQ(check(options).rate, quota::declared(7, 1s));
}

TEST(ClientOptions, base_url_gives_host_and_target) {
  auto options = good();
  options.base_url = "https://[0::1]:8443/pre%20fix/";
  options.authority_pem = "PEM";
  options.authority_file = "/ca.pem";
  options.system_authorities = false;
  options.resume_sessions = false;
  const auto checked = check(options);
  EXPECT_EQ(checked.endpoint.host, "::1");
  EXPECT_EQ(checked.endpoint.port, 8443);
  EXPECT_EQ(checked.endpoint.authority_pem, "PEM");
  EXPECT_EQ(checked.endpoint.authority_file, "/ca.pem");
  EXPECT_FALSE(checked.endpoint.system_authorities);
  EXPECT_FALSE(checked.endpoint.resume_sessions);
  EXPECT_EQ(checked.host_header, "[::1]:8443");
  EXPECT_EQ(checked.target, "/pre%20fix/v1/tokens/ephemeral?redirect=shipengine-dashboard");
  EXPECT_EQ(checked.bare_target, "/pre%20fix/v1/tokens/ephemeral");
}

TEST(ClientOptions, loopback_api_may_redirect_to_itself) {  // behaviours: P3
  auto options = good();
  options.base_url = "https://LocalHost:8443";
  EXPECT_EQ(check(options).redirects.any_port_host, "localhost");
  EXPECT_THAT(check(options).redirects.hosts, ElementsAre("dashboard.shipengine.com"));
  options.redirect_hosts = {"Portal.Example", "10.0.0.1"};
  EXPECT_EQ(check(options).redirects.any_port_host, "localhost") << "whatever else may be named";
  EXPECT_THAT(check(options).redirects.hosts, ElementsAre("portal.example", "10.0.0.1"));
  options.base_url = "https://api.example";
  EXPECT_EQ(check(options).redirects.any_port_host, "");
}

// behaviours: N9, P3
TEST(ClientOptions, absolute_name_is_looked_up_with_its_dot_and_all_else_is_without) {
  auto options = good();
  options.base_url = "https://LocalHost.:8443";
  const auto own = check(options);
  EXPECT_EQ(own.endpoint.host, "localhost.");
  EXPECT_EQ(own.host_header, "localhost:8443");
  EXPECT_EQ(own.redirects.any_port_host, "localhost");
  options.redirect_hosts = {"Portal.Example."};
  EXPECT_EQ(check(options).redirects.hosts, std::vector<std::string>{"portal.example"});
  options.redirect_hosts = {"."};
  EXPECT_THROW(check(options), std::invalid_argument);
  options.redirect_hosts = {"10.0.0.1."};
  EXPECT_THROW(check(options), std::invalid_argument);
}

TEST(ClientOptions, proxy_is_taken_apart_and_its_credentials_are_shared) {
  EXPECT_FALSE(check(good()).endpoint.proxy);
  const struct {
    const char* text;
    const char* host;
    std::uint16_t port;
  } cases[] = {
      {"http://proxy.test:3128", "proxy.test", 3128},
      {"HTTP://Proxy.Test:80/", "proxy.test", 80},
      {"http://proxy.test.:3128", "proxy.test.", 3128},
      {"http://127.0.0.1:8080", "127.0.0.1", 8080},
      {"http://[::1]:8080", "::1", 8080},
      {"http://localhost:1", "localhost", 1},
  };
  for (const auto& c : cases) {
    auto options = good();
    options.proxy = c.text;
    const auto found = check(options).endpoint.proxy;
    ASSERT_TRUE(found) << c.text;
    EXPECT_EQ(found->host, c.host);
    EXPECT_EQ(found->port, c.port);
    EXPECT_EQ(found->credentials, nullptr);
  }
  auto options = good();
  use_proxy(options, "user:pass:w\xc3\xb6rd and more");
  EXPECT_EQ(check(options).endpoint.proxy->credentials, options.proxy_credentials);
  use_proxy(options, ":");
  EXPECT_NO_THROW(check(options));
}

TEST(ClientOptions, wrong_ones_are_refused_by_name) {  // behaviours: X1
  const std::string like = "; give one like https://api.shipengine.com";
  const std::string like_proxy = "; give one like http://proxy.example.com:3128";
  const struct {
    std::function<void(client_options&)> change;
    std::string fault;
  } cases[] = {
      {[](auto& o) { o.api_key = {}; }, "api_key: is empty; give the partner's API key"},
      {[](auto& o) { o.api_key = secret{std::string(513, 'k')}; },
       "api_key: has 513 characters; give at most 512"},
      {[](auto& o) { o.api_key = secret{"planted\r\nX: y"}; },
       "api_key: character 8 is not visible ASCII; is there a space or line break in it?"},
      {[](auto& o) { o.api_key = secret{"planted key"}; },
       "api_key: character 8 is not visible ASCII; is there a space or line break in it?"},
      {[](auto& o) {
         o.api_key = secret{std::string_view{"pl\0nted", 7}};
       },
       "api_key: character 3 is not visible ASCII; is there a space or line break in it?"},
      {[](auto& o) { o.api_key = secret{"planted\xc3\xa9"}; },
       "api_key: character 8 is not visible ASCII; is there a space or line break in it?"},

      {[](auto& o) { o.base_url = ""; }, "base_url: \"\" is not an https URL" + like},
      {[](auto& o) { o.base_url = "ftp://x"; }, "base_url: \"ftp://x\" is not an https URL" + like},
      {[](auto& o) { o.base_url = "http://api.shipengine.com"; },
       "base_url: \"http://api.shipengine.com\" is not an https URL" + like},
      {[](auto& o) { o.base_url = "api.shipengine.com"; },
       "base_url: \"api.shipengine.com\" is not an https URL" + like},
      {[](auto& o) { o.base_url = "https://a b"; }, "base_url: \"https://a b\" is not an https URL" + like},
      {[](auto& o) { o.base_url = "https://a\r\nX: y"; },
       "base_url: \"https://a\\x0d\\x0aX: y\" is not an https URL" + like},
      {[](auto& o) { o.base_url = "https://h/%zz"; },
       "base_url: \"https://h/%zz\" is not an https URL" + like},
      {[](auto& o) { o.base_url = "https://h:65536"; },
       "base_url: \"https://h:65536\" has a port that is not 1 to 65535"},
      {[](auto& o) { o.base_url = "https://h:99999"; },
       "base_url: \"https://h:99999\" has a port that is not 1 to 65535"},
      {[](auto& o) { o.base_url = "https://h:0"; },
       "base_url: \"https://h:0\" has a port that is not 1 to 65535"},
      {[](auto& o) { o.base_url = "https://h:"; },
       "base_url: \"https://h:\" has a port that is not 1 to 65535"},
      {[](auto& o) { o.base_url = "https://[::1"; }, "base_url: \"https://[::1\" is not an https URL" + like},
      {[](auto& o) { o.base_url = "https://"; }, "base_url: \"https://\" has no host" + like},
      {[](auto& o) { o.base_url = "https:///v1"; }, "base_url: \"https:///v1\" has no host" + like},
      {[](auto& o) { o.base_url = "https:h"; }, "base_url: \"https:h\" has no host" + like},
      {[](auto& o) { o.base_url = "https://127.1"; },
       "base_url: \"https://127.1\" names a host that is neither a host name nor an address"},
      {[](auto& o) { o.base_url = "https://h%2ex"; },
       "base_url: \"https://h%2ex\" names a host that is neither a host name nor an address"},
      {[](auto& o) { o.base_url = "https://h/?planted"; },
       "base_url: \"https://h/\" has a query or fragment; give scheme, host, port and path only"},
      {[](auto& o) { o.base_url = "https://h#planted"; },
       "base_url: \"https://h\" has a query or fragment; give scheme, host, port and path only"},
      {[](auto& o) { o.base_url = "https://user:planted@h"; },
       "base_url: \"https://[redacted]@h\" has user info; the key goes into api_key"},
      {[](auto& o) { o.base_url = "https://@h"; },
       "base_url: \"https://[redacted]@h\" has user info; the key goes into api_key"},
      {[](auto& o) { o.base_url = "TEST_planted"; }, "base_url: \"[redacted]\" is not an https URL" + like},
      {[](auto& o) { o.base_url = "https://h/" + std::string(3000, 'x'); },
       "base_url: \"https://h/" + std::string(67, 'x') + "...\" is too long; give at most 2048 characters"},

      {[](auto& o) { o.proxy = "proxy.test"; }, "proxy: \"proxy.test\" is not an http URL" + like_proxy},
      {[](auto& o) { o.proxy = "proxy.test:3128"; },
       "proxy: \"proxy.test:3128\" is not an http URL" + like_proxy},
      {[](auto& o) { o.proxy = "socks5://proxy.test:1080"; },
       "proxy: \"socks5://proxy.test:1080\" is not an http URL" + like_proxy},
      {[](auto& o) { o.proxy = "http://a b:1"; }, "proxy: \"http://a b:1\" is not an http URL" + like_proxy},
      {[](auto& o) { o.proxy = "http://a:1\r\nX: y"; },
       "proxy: \"http://a:1\\x0d\\x0aX: y\" is not an http URL" + like_proxy},
      {[](auto& o) { o.proxy = "https://proxy.test:3128"; },
       "proxy: \"https://proxy.test:3128\" is an https URL; what is said to a proxy itself goes without TLS: "
       "give http://host:port"},
      {[](auto& o) { o.proxy = "http://proxy.test"; },
       "proxy: \"http://proxy.test\" has no port" + like_proxy},
      {[](auto& o) { o.proxy = "http://proxy.test/"; },
       "proxy: \"http://proxy.test/\" has no port" + like_proxy},
      {[](auto& o) { o.proxy = "http://proxy.test:"; },
       "proxy: \"http://proxy.test:\" has a port that is not 1 to 65535"},
      {[](auto& o) { o.proxy = "http://proxy.test:0"; },
       "proxy: \"http://proxy.test:0\" has a port that is not 1 to 65535"},
      {[](auto& o) { o.proxy = "http://proxy.test:65536"; },
       "proxy: \"http://proxy.test:65536\" has a port that is not 1 to 65535"},
      {[](auto& o) { o.proxy = "http://proxy.test:99999"; },
       "proxy: \"http://proxy.test:99999\" has a port that is not 1 to 65535"},
      {[](auto& o) { o.proxy = "http://:3128"; }, "proxy: \"http://:3128\" has no host" + like_proxy},
      {[](auto& o) { o.proxy = "http:p"; }, "proxy: \"http:p\" has no host" + like_proxy},
      {[](auto& o) { o.proxy = "http://127.1:3128"; },
       "proxy: \"http://127.1:3128\" names a host that is neither a host name nor an address"},
      {[](auto& o) { o.proxy = "http://user:planted@proxy.test:3128"; },
       "proxy: \"http://[redacted]@proxy.test:3128\" has user info; credentials go into proxy_credentials"},
      {[](auto& o) { o.proxy = "http://proxy.test:3128/x"; },
       "proxy: \"http://proxy.test:3128/x\" has a path, query or fragment; give scheme, host and port only"},
      {[](auto& o) { o.proxy = "http://proxy.test:3128?planted"; },
       "proxy: \"http://proxy.test:3128\" has a path, query or fragment; give scheme, host and port only"},
      {[](auto& o) { o.proxy = "http://proxy.test:3128#planted"; },
       "proxy: \"http://proxy.test:3128\" has a path, query or fragment; give scheme, host and port only"},
      {[](auto& o) { o.proxy = "http://" + std::string(3000, 'x'); },
       "proxy: \"http://" + std::string(70, 'x') + "...\" is too long; give at most 2048 characters"},
      {[](auto& o) { o.proxy_credentials = std::make_shared<const secret>("user:planted"); },
       "proxy_credentials: is set, and there is no proxy; name one, or leave it"},
      {[](auto& o) { use_proxy(o, ""); }, "proxy_credentials: has no colon; give user:password"},
      {[](auto& o) { use_proxy(o, "planted"); }, "proxy_credentials: has no colon; give user:password"},
      {[](auto& o) { use_proxy(o, "user:planted\r\nX: y"); },
       "proxy_credentials: byte 13 is a control character; is there a line break in it?"},
      {[](auto& o) {
         use_proxy(o, {"user\0:planted", 13});
       },
       "proxy_credentials: byte 5 is a control character; is there a line break in it?"},
      {[](auto& o) { use_proxy(o, "u:" + std::string(1023, 'p')); },
       "proxy_credentials: has 1025 bytes; give at most 1024"},

      {[](auto& o) { o.system_authorities = false; },
       "system_authorities: is off, and neither authority_file nor authority_pem is given: there is nothing "
       "to trust; give one of the three"},
      {[](auto& o) {
         o.redirect_hosts = {"ok.example", "https://x"};
       },
       "redirect_hosts: \"https://x\" is not a host name; give one like dashboard.shipengine.com"},
      {[](auto& o) { o.redirect_hosts = {""}; },
       "redirect_hosts: \"\" is not a host name; give one like dashboard.shipengine.com"},
      {[](auto& o) { o.redirect_hosts = {"*.example"}; },
       "redirect_hosts: \"*.example\" is not a host name; give one like dashboard.shipengine.com"},

      {[](auto& o) { o.rate = quota::declared(0, 1s); },
       "rate: requests must be 1 to 1,000,000 a window, got 0"},
      {[](auto& o) { o.rate = quota::automatic(1'000'001); },
       "rate: requests must be 1 to 1,000,000 a window, got 1000001"},
      {[](auto& o) { o.rate = quota::declared(1, 99ms); },
       "rate: the window must be 100 ms to 24 h, got 99 ms"},
      {[](auto& o) { o.rate = quota::declared(1, 24h + 1ms); },
       "rate: the window must be 100 ms to 24 h, got 86400001 ms"},
      {[](auto& o) { o.rate = quota::declared(static_cast<std::uint64_t>(-1), 1s); },
       "rate: requests must be 1 to 1,000,000 a window, got 18446744073709551615"},
      {[](auto& o) { o.rate = quota::declared(1, 0ms); },
       "rate: the window must be 100 ms to 24 h, got 0 ms"},
      {[](auto& o) { o.rate = quota::automatic(1, -60s); },
       "rate: the window must be 100 ms to 24 h, got -60000 ms"},
      {[](auto& o) { o.rate = quota::declared(1, milliseconds::max()); },
       "rate: the window must be 100 ms to 24 h, got 9223372036854775807 ms"},
      {[](auto& o) {
         o.governor = std::make_shared<idle_governor>();
         o.rate = production_quota;
       },
       "rate: is set beside governor, which has a quota of its own; leave it"},
      {[](auto& o) {
         o.governor = std::make_shared<idle_governor>();
         o.scope = quota_scope::per_account;
       },
       "scope: is set beside governor, which has a scope of its own; leave it"},
      {[](auto& o) { o.scope = static_cast<quota_scope>(5); },
       "scope: 5 is not a scope; give per_api_key or per_account"},

      {[](auto& o) { o.deadline = 0ms; },
       "deadline: 0 ms is out of range; give 1 ms to 24 h, or no_deadline"},
      {[](auto& o) { o.deadline = 25h; },
       "deadline: 25 h is out of range; give 1 ms to 24 h, or no_deadline"},
      {[](auto& o) { o.deadline = milliseconds::min(); },
       "deadline: -9223372036854775808 ms is out of range; give 1 ms to 24 h, or no_deadline"},
      {[](auto& o) { o.attempt_timeout = no_deadline; },
       "attempt_timeout: 9223372036854775807 ms is out of range; give 1 ms to 1 h"},
      {[](auto& o) { o.attempt_timeout = 0ms; }, "attempt_timeout: 0 ms is out of range; give 1 ms to 1 h"},
      {[](auto& o) { o.min_remaining = -1ms; }, "min_remaining: -1 ms is out of range; give 0 ms to 9.9 s"},
      {[](auto& o) { o.min_remaining = 10s; }, "min_remaining: 10 s is out of range; give 0 ms to 9.9 s"},
      {[](auto& o) { o.connect_timeout = 61min; },
       "connect_timeout: 61 min is out of range; give 1 ms to 1 h"},
      {[](auto& o) { o.handshake_timeout = -5s; },
       "handshake_timeout: -5 s is out of range; give 1 ms to 1 h"},
      {[](auto& o) { o.first_backoff = 61s; }, "first_backoff: 61 s is out of range; give 0 ms to 1 min"},
      {[](auto& o) { o.max_backoff = 49ms; },
       "max_backoff: 49 ms is out of range; give 50 ms to 1 h; it starts at first_backoff"},
      {[](auto& o) { o.idle_timeout = 999ms; }, "idle_timeout: 999 ms is out of range; give 1 s to 1 h"},
      {[](auto& o) { o.max_connection_age = 900ms; },
       "max_connection_age: 900 ms is out of range; give 1 s to 24 h"},

      {[](auto& o) { o.max_attempts = 0; }, "max_attempts: 0 is out of range; give 1 to 100"},
      {[](auto& o) { o.max_attempts = 101; }, "max_attempts: 101 is out of range; give 1 to 100"},
      {[](auto& o) { o.retry_budget = -1; }, "retry_budget: -1 is out of range; give 0 to 1000000"},
      {[](auto& o) { o.max_connections = 0; }, "max_connections: 0 is out of range; give 1 to 4096"},
      {[](auto& o) { o.max_connections = 4097; }, "max_connections: 4097 is out of range; give 1 to 4096"},
      {[](auto& o) { o.max_streams = 0; }, "max_streams: 0 is out of range; give 1 to 1000"},
      {[](auto& o) { o.max_streams = 1001; }, "max_streams: 1001 is out of range; give 1 to 1000"},
      {[](auto& o) { o.http2 = static_cast<http2_use>(7); },
       "http2: 7 is no use of HTTP/2; give automatic, never or only"},
      {[](auto& o) { o.max_queued = 0; }, "max_queued: 0 is out of range; give 1 to 10000000"},

      {[](auto& o) { o.user_agent = "x\r\nAPI-Key: y"; },
       "user_agent: character 2 is \\x0d; give visible ASCII and spaces only"},
      {[](auto& o) { o.user_agent = "caf\xc3\xa9"; },
       "user_agent: character 4 is \\xc3; give visible ASCII and spaces only"},
      {[](auto& o) { o.user_agent = std::string(257, 'x'); },
       "user_agent: has 257 characters; give at most 256"},
  };
  for (const auto& c : cases) {
    const auto fault = fault_after(c.change);
    EXPECT_EQ(fault, c.fault);
    EXPECT_EQ(fault.find("planted"), std::string::npos) << fault;  // behaviours: I5
  }
}

TEST(ClientOptions, ends_of_the_ranges_are_taken) {
  const std::function<void(client_options&)> changes[] = {
      [](auto& o) { o.api_key = secret{std::string(512, 'k')}; },
      [](auto& o) { o.api_key = secret{"k"}; },
      [](auto& o) { o.deadline = 1ms; },
      [](auto& o) { o.deadline = 24h; },
      [](auto& o) { o.deadline = no_deadline; },
      [](auto& o) { o.min_remaining = 0ms; },
      [](auto& o) { o.min_remaining = 9900ms; },
      [](auto& o) { o.first_backoff = o.max_backoff = 0ms; },
      [](auto& o) { o.max_attempts = 1; },
      [](auto& o) { o.retry_budget = 0; },
      [](auto& o) { o.max_connections = 4096; },
      [](auto& o) { o.max_queued = 10'000'000; },
      [](auto& o) { o.max_streams = 1; },
      [](auto& o) { o.max_streams = 1000; },
      [](auto& o) { o.http2 = http2_use::never; },
      [](auto& o) { o.rate = quota::declared(1'000'000, 100ms); },
      [](auto& o) { o.rate = quota::automatic(1, 24h); },
      [](auto& o) { o.rate = quota::unlimited(); },
      [](auto& o) { o.scope = quota_scope::per_account; },
      [](auto& o) { o.governor = std::make_shared<idle_governor>(); },
      [](auto& o) { o.user_agent = "my app/1.0 (x; y)"; },
      [](auto& o) {
        o.system_authorities = false;
        o.authority_pem = "x";
      },
  };
  for (const auto& change : changes) EXPECT_EQ(fault_after(change), "");
}

TEST(ClientOptions, server_is_offered_what_the_build_can_do_and_the_user_wants) {
  using net::http_offer;
  EXPECT_EQ(http_offer_of(http2_use::automatic, true), http_offer::both);
  EXPECT_EQ(http_offer_of(http2_use::automatic, false), http_offer::http1);
  for (const bool can : {true, false}) EXPECT_EQ(http_offer_of(http2_use::never, can), http_offer::http1);
  EXPECT_EQ(http_offer_of(http2_use::only, true), http_offer::http2);
  try {
    http_offer_of(http2_use::only, false);
    ADD_FAILURE();
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(
        e.what(),
        "http2: only can't be had, as this library was built without nghttp2; give automatic or never");
  }
  auto options = good();
  options.http2 = http2_use::never;
  options.max_streams = 7;
  EXPECT_EQ(check(options).endpoint.http, http_offer::http1);
  EXPECT_EQ(check(options).endpoint.max_streams, 7u);
  EXPECT_EQ(check(good()).endpoint.max_streams, 100u);
}

TEST(MintRequest, is_checked_before_any_io) {  // behaviours: X1
  const struct {
    mint_request request;
    std::string fault;
  } cases[] = {
      {{.account = "se-1"}, ""},
      {{.account = "se-1", .deadline = 24h}, ""},
      {{.account = "se-1", .deadline = no_deadline}, ""},
      {{.account = "se-1", .outage_patience = 0ms}, ""},
      {{.account = "se-1", .outage_patience = 24h}, ""},
      {{.account = "se-1", .urgency = priority::background}, ""},
      {{}, "account: is empty; give the customer's account id"},
      {{.account = std::string(129, 'x')}, "account: has more than 128 characters; give at most that"},
      {{.account = "se 1"}, "account: character 3 is \\x20; give visible ASCII only"},
      {{.account = "se-1\r\nAPI-Key: evil"}, "account: character 5 is \\x0d; give visible ASCII only"},
      {{.account = std::string_view{"se\0x", 4}}, "account: character 3 is \\x00; give visible ASCII only"},
      {{.account = "\xc3\xa9"}, "account: character 1 is \\xc3; give visible ASCII only"},
      {{.account = "se-1", .deadline = -1ms},
       "deadline: -1 ms is negative; give 0 (the client's default) or more"},
      {{.account = "se-1", .deadline = 24h + 1ms},
       "deadline: 86400001 ms is too long; give at most 24 h, or no_deadline"},
      {{.account = "se-1", .outage_patience = -1ms},
       "outage_patience: -1 ms is out of range; give 0 ms to 24 h"},
      {{.account = "se-1", .outage_patience = 24h + 1ms},
       "outage_patience: 86400001 ms is out of range; give 0 ms to 24 h"},
      {{.account = "se-1", .urgency = static_cast<priority>(9)},
       "urgency: 9 is no priority; give interactive or background"},
  };
  for (const auto& c : cases) EXPECT_EQ(check(c.request), c.fault);
}

}  // namespace
}  // namespace ephemint
