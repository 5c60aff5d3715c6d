// Clients whose connections lead through a CONNECT proxy to a sandbox.
#include "support/client_run.hpp"
#include "support/test_proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::test {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

client_options through(const test_proxy& proxy, const sandbox::server& api) {
  client_options o = options_for(api);
  o.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  o.first_backoff = 1ms;
  return o;
}

/// Sets the environment variables by which other programs find a proxy, while this object lives.
class proxy_variables {
 public:
  explicit proxy_variables(const std::string& url) {
    for (const char* name : names) ::setenv(name, url.c_str(), 1);
    for (const char* name : exceptions) ::setenv(name, "*", 1);
  }
  ~proxy_variables() {
    for (const char* name : names) ::unsetenv(name);
    for (const char* name : exceptions) ::unsetenv(name);
  }
  proxy_variables(const proxy_variables&) = delete;
  proxy_variables& operator=(const proxy_variables&) = delete;

  static constexpr const char* exceptions[] = {"no_proxy", "NO_PROXY"};

 private:
  static constexpr const char* names[] = {"http_proxy",  "https_proxy", "all_proxy",     "HTTP_PROXY",
                                          "HTTPS_PROXY", "ALL_PROXY",   "EPHEMINT_PROXY"};
};

class ProxiedClient : public testing::TestWithParam<http2_use> {
 protected:
  client_options options(const test_proxy& proxy) const {
    client_options o = through(proxy, api);
    o.http2 = GetParam();
    return o;
  }
  std::string connect_line() const {
    return "CONNECT localhost:" + std::to_string(api.port()) + " HTTP/1.1\r\n";
  }

  sandbox::server api;
};

constexpr http2_use spoken[] = {
    http2_use::never,
#ifdef EPHEMINT_HTTP2
    http2_use::only,
#endif
};
INSTANTIATE_TEST_SUITE_P(, ProxiedClient, testing::ValuesIn(spoken),
                         [](const auto& each) { return each.param == http2_use::only ? "http2" : "http1"; });

// behaviours: Y1
TEST_P(ProxiedClient, mints_one_after_the_other_over_one_tunnel) {
  test_proxy proxy{{relay_gladly}};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options(proxy)};
    for (const std::string& account : accounts(5)) {
      const mint_result minted = co_await c.mint(mint_request{.account = account_id{account}});
      EXPECT_EQ(name_of(minted), "minted");
    }
    co_await c.close();
  });
  EXPECT_THAT(proxy.requests(), testing::ElementsAre(StartsWith(connect_line())));
  EXPECT_EQ(api.stats().minted, 5u);
  EXPECT_EQ(api.stats().http2_requests, GetParam() == http2_use::only ? 5u : 0u);
}

// behaviours: Y1, I5
TEST_P(ProxiedClient, credentials_open_the_way_and_wrong_ones_end_it_at_once) {
  test_proxy proxy{{relay_for("user:hunter2")}};
  client_options right = options(proxy);
  right.proxy_credentials = std::make_shared<const secret>("user:hunter2");
  EXPECT_EQ(name_of(mint_once(api, right)), "minted");

  client_options none = options(proxy), wrong = options(proxy);
  wrong.proxy_credentials = std::make_shared<const secret>("user:hunter3");
  const std::string name =
      " through the proxy 127.0.0.1:" + std::to_string(proxy.port()) + ": it answered 407: ";
  for (const auto& [given, said] : {std::pair{none, "it demands credentials"}, {wrong, "it refused"}}) {
    // Without a deadline, so that the mint would wait for the end of an outage.
    const mint_result refused =
        mint_once(api, given, {.account = account_id{"se-1"}, .deadline = no_deadline});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().value(), mint_errc::connect_failed);
    EXPECT_THAT(std::string{refused.error().message()}, HasSubstr(name + said));
    EXPECT_THAT(to_string(refused.error()), Not(HasSubstr("hunter")));
  }
  EXPECT_EQ(proxy.connections(), 3) << "nothing is asked for twice";
}

// behaviours: Y1
TEST_P(ProxiedClient, refusal_that_may_pass_is_tried_again) {
  for (const int status : {502, 503, 504}) {
    test_proxy proxy{{answer(proxy_reply(status)), relay_gladly}};
    EXPECT_EQ(name_of(mint_once(api, options(proxy))), "minted") << status;
    EXPECT_EQ(proxy.connections(), 2);
  }
}

// behaviours: Y1
TEST_P(ProxiedClient, refusal_for_good_is_told_with_proxy_and_status) {
  test_proxy proxy{{answer(proxy_reply(403))}};
  const mint_result refused = mint_once(api, options(proxy));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(to_string(refused.error()),
            "connect_failed: no tunnel to localhost:" + std::to_string(api.port()) +
                " through the proxy 127.0.0.1:" + std::to_string(proxy.port()) +
                ": it answered 403: its rules don't allow this host and port; ask who runs it");
  EXPECT_EQ(proxy.connections(), 1);
}

// behaviours: Y1
TEST_P(ProxiedClient, proxy_that_never_answers_is_given_up_in_its_own_time) {
  test_proxy proxy{{[](proxy_client& client) { client.read_all(); }}};
  client_options o = options(proxy);
  o.connect_timeout = 100ms;
  const mint_result late = mint_once(api, o);
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().value(), mint_errc::connect_failed);
  EXPECT_THAT(std::string{late.error().message()},
              HasSubstr(" through the proxy 127.0.0.1:" + std::to_string(proxy.port()) +
                        ": it didn't answer within "));
  EXPECT_EQ(proxy.connections(), o.max_attempts);
}

// behaviours: S2, Y1
TEST_P(ProxiedClient, tunnel_that_was_closed_is_opened_anew) {
  // The first ends with the reply to the first request at the latest.
  test_proxy proxy{{[](proxy_client& client) {
                      client.say(proxy_reply(200));
                      client.relay(2500);
                    },
                    relay_gladly}};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options(proxy)};
    for (const std::string& account : accounts(20)) {
      const mint_result minted = co_await c.mint(mint_request{.account = account_id{account}});
      EXPECT_EQ(name_of(minted), "minted");
    }
    co_await c.close();
  });
  EXPECT_EQ(proxy.connections(), 2);
}

// behaviours: Y2
TEST(ProxyVariables, have_no_effect_on_the_library) {
  sandbox::server api;
  test_proxy of_the_environment{{relay_gladly}}, of_the_options{{relay_gladly}};
  const proxy_variables set{"http://127.0.0.1:" + std::to_string(of_the_environment.port())};
  for (const char* name : proxy_variables::exceptions) ::unsetenv(name);
  EXPECT_EQ(name_of(mint_once(api, options_for(api))), "minted");
  for (const char* name : proxy_variables::exceptions) ::setenv(name, "*", 1);
  EXPECT_EQ(name_of(mint_once(api, options_for(api))), "minted");
  EXPECT_EQ(name_of(mint_once(api, through(of_the_options, api))), "minted");
  EXPECT_EQ(of_the_environment.connections(), 0);
  EXPECT_EQ(of_the_options.connections(), 1);
}

}  // namespace
}  // namespace ephemint::test
