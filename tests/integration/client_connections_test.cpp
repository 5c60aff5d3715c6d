#include "support/client_run.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace ephemint {
namespace {

using namespace test;
using testing::HasSubstr;

// behaviours: S2
TEST(Connections, a_stale_one_is_replaced_once_and_nobody_notices) {
  sandbox::server api{faulty({"cut=before,nth=2,count=1"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    auto first = co_await c.mint({.account = "se-1"});
    auto second = co_await c.mint({.account = "se-2"});
    EXPECT_EQ(name_of(first), "minted");
    EXPECT_EQ(name_of(second), "minted");
    EXPECT_EQ(c.stats().stale_retries, 1u);
  });
  EXPECT_EQ(api.stats().connections_opened, 2u);
}

// behaviours: R12
TEST(Connections, the_stale_retry_can_be_turned_off) {
  sandbox::server api{faulty({"cut=before,nth=2,count=1"})};
  auto options = options_for(api);
  options.max_attempts = 1;
  options.retry_stale_connections = false;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    auto first = co_await c.mint({.account = "se-1"});
    auto second = co_await c.mint({.account = "se-2"});
    EXPECT_EQ(name_of(first), "minted");
    EXPECT_EQ(name_of(second), "connect_failed");
  });
  EXPECT_EQ(api.stats().requests, 2u);
}

// behaviours: S1, S6
TEST(Connections, a_restarted_server_costs_nobody_a_failure) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    co_await c.warm_up(4);
    EXPECT_EQ(c.stats().connections, 4u);
    api.drop_connections();
    auto after = co_await c.mint({.account = "se-1"});
    EXPECT_EQ(name_of(after), "minted");
  });
}

// behaviours: F1, S10, S11
TEST(Connections, one_that_may_not_be_used_again_is_not) {
  for (const char* spec : {"announce_close", "extra=\"x\"", "keep_alive=1", "until_close,close"}) {
    sandbox::server api{faulty({spec})};
    run([&]() -> asio::awaitable<void> {
      client c{co_await asio::this_coro::executor, options_for(api)};
      for (int i = 0; i < 3; ++i) {
        auto minted = co_await c.mint({.account = "se-1"});
        EXPECT_EQ(name_of(minted), "minted") << spec;
      }
      EXPECT_EQ(c.stats().stale_retries, 0u) << spec;
    });
    EXPECT_EQ(api.stats().connections_opened, 3u) << spec;
  }
}

// behaviours: Q3
TEST(Connections, are_kept_and_shared) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    for (int i = 0; i < 20; ++i) {
      auto minted = co_await c.mint({.account = "se-1"});
      EXPECT_EQ(name_of(minted), "minted");
    }
  });
  EXPECT_EQ(api.stats().connections_opened, 1u);
}

struct certificate_case {
  sandbox::certificate_kind kind;
  const char* says;
};
class Certificate : public testing::TestWithParam<certificate_case> {};

// behaviours: T1
TEST_P(Certificate, is_refused_and_not_one_request_byte_leaves) {
  sandbox::server_options so;
  so.certificate = GetParam().kind;
  sandbox::server api{so};
  auto options = options_for(api);
  const auto outcome = mint_once(api, std::move(options));
  ASSERT_EQ(name_of(outcome), "tls_failed");
  EXPECT_THAT(std::string{outcome.error().message()}, HasSubstr("localhost"));
  EXPECT_TRUE(outcome.error().code() == mint_condition::give_up);
  const auto seen = api.stats();
  EXPECT_EQ(seen.requests, 0u);
  EXPECT_LE(seen.connections_opened, 1u) << "a refused certificate is not tried again";
}

INSTANTIATE_TEST_SUITE_P(All, Certificate,
                         testing::Values(certificate_case{sandbox::certificate_kind::expired, ""},
                                         certificate_case{sandbox::certificate_kind::not_yet_valid, ""},
                                         certificate_case{sandbox::certificate_kind::wrong_host, ""},
                                         certificate_case{sandbox::certificate_kind::cn_without_san, ""},
                                         certificate_case{sandbox::certificate_kind::self_signed, ""},
                                         certificate_case{sandbox::certificate_kind::untrusted_root, ""},
                                         certificate_case{sandbox::certificate_kind::incomplete_chain, ""}));

// behaviours: T1
TEST(Connections, an_address_needs_a_certificate_for_the_address) {
  sandbox::server_options so;
  so.certificate = sandbox::certificate_kind::dns_only;
  sandbox::server api{so};
  auto options = options_for(api);
  options.base_url = "https://127.0.0.1:" + std::to_string(api.port());
  EXPECT_EQ(name_of(mint_once(api, std::move(options))), "tls_failed");
}

bool has_ipv6_loopback() {
  asio::io_context context;
  asio::ip::tcp::acceptor acceptor{context};
  boost::system::error_code error;
  acceptor.open(asio::ip::tcp::v6(), error);
  if (!error) acceptor.bind({asio::ip::address_v6::loopback(), 0}, error);
  return !error;
}

// behaviours: N9, T1, P3
TEST(Connections, the_sandbox_is_reached_by_each_of_its_names) {
  sandbox::server api;
  const std::pair<std::string, std::string> table[] = {{"localhost", "localhost"},
                                                       {"localhost.", "localhost"},
                                                       {"127.0.0.1", "127.0.0.1"},
                                                       {"[::1]", "[::1]"}};
  for (const auto& [host, shown] : table) {
    if (host == "[::1]" && !has_ipv6_loopback()) continue;
    auto options = options_for(api);
    options.base_url = "https://" + host + ':' + std::to_string(api.port());
    const auto outcome = mint_once(api, std::move(options));
    ASSERT_EQ(name_of(outcome), "minted") << host << ": " << outcome.error();
    EXPECT_THAT(std::string{outcome->redirect_url()},
                testing::StartsWith("https://" + shown + ':' + std::to_string(api.port()) + '/'));
  }
}

// behaviours: T2
TEST(Connections, plain_http_is_refused) {
  sandbox::server_options so;
  so.plain_http = true;
  sandbox::server api{so};
  const auto outcome = mint_once(api, options_for(api));
  EXPECT_EQ(name_of(outcome), "tls_failed");
  EXPECT_EQ(api.stats().requests, 0u);
}

// behaviours: T3
TEST(Connections, a_handshake_that_breaks_off_or_stalls_is_trouble_that_passes) {
  for (const std::string how : {"stall", "close", "reset"}) {
    SCOPED_TRACE(how);
    sandbox::server api{faulty({"handshake=" + how})};
    auto options = options_for(api);
    options.handshake_timeout = 150ms;
    options.first_backoff = 1ms;
    const auto outcome = mint_once(api, std::move(options));
    ASSERT_EQ(name_of(outcome), "connect_failed");
    EXPECT_TRUE(outcome.error().code() == mint_condition::retry_later);
    EXPECT_THAT(std::string{outcome.error().message()}, HasSubstr("TLS handshake"));
    EXPECT_EQ(outcome.error().attempts(), 3);
    EXPECT_EQ(outcome.error().retry_after(), std::nullopt);
    EXPECT_EQ(api.stats().requests, 0u);
  }
}

// behaviours: T3
TEST(Connections, a_server_that_comes_back_amid_its_handshakes_is_used) {
  for (const std::string how : {"stall", "close", "reset"}) {
    SCOPED_TRACE(how);
    sandbox::server api{faulty({"handshake=" + how + ",count=2"})};
    auto options = options_for(api);
    options.handshake_timeout = 150ms;
    options.first_backoff = 1ms;
    EXPECT_EQ(name_of(mint_once(api, std::move(options))), "minted");
  }
}

// behaviours: T5
TEST(Connections, sessions_are_resumed_and_a_server_that_forgot_them_is_no_failure) {
  sandbox::server api{faulty({"announce_close"})};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    for (int i = 0; i < 4; ++i) {
      auto minted = co_await c.mint({.account = "se-1"});
      EXPECT_EQ(name_of(minted), "minted");
      if (i == 2) api.forget_sessions();
    }
    EXPECT_EQ(c.stats().full_handshakes, 2u);
    EXPECT_EQ(c.stats().resumed_handshakes, 2u);
  });
}

// behaviours: Q9
TEST(Connections, warm_up_ends_with_a_session_to_resume) {
  sandbox::server api;
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    for (const std::size_t mints : {1, 2}) (co_await c.warm_up(mints)).value();
    EXPECT_EQ(c.stats().full_handshakes, 1u);
    EXPECT_EQ(c.stats().resumed_handshakes, 1u);
  });
}

// behaviours: Q9
TEST(Connections, warm_up_ends_whatever_the_server_says_of_the_handshakes_end) {
  using version = sandbox::tls_version;
  for (const auto newest : {version::tls_1_2, version::tls_1_3})
    for (const unsigned tickets : {0u, 1u, 2u})
      for (const auto http : {http2_use::never, http2_use::automatic}) {
        sandbox::server_options so;
        so.max_tls = newest;
        so.session_tickets = tickets;
        sandbox::server api{so};
        run([&]() -> asio::awaitable<void> {
          auto options = options_for(api);
          options.http2 = http;
          client c{co_await asio::this_coro::executor, std::move(options)};
          (co_await c.warm_up(2)).value();
          auto minted = co_await c.mint({.account = "se-1"});
          EXPECT_EQ(name_of(minted), "minted") << tickets;
        });
      }
}

// behaviours: N5, Q4
TEST(Connections, a_server_that_is_down_is_a_typed_error_with_its_cause) {
  std::string url;
  client_options options;
  {
    sandbox::server gone;
    options = options_for(gone);
  }
  options.first_backoff = 1ms;
  mint_result outcome = mint_error{mint_errc::closed};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, std::move(options)};
    outcome = co_await c.mint({.account = "se-1"});
    EXPECT_EQ(c.stats().failed_dials, 3u);
  });
  ASSERT_EQ(name_of(outcome), "connect_failed");
  EXPECT_THAT(std::string{outcome.error().message()}, HasSubstr("localhost"));
  EXPECT_TRUE(outcome.error().code() == mint_condition::retry_later);
}

// behaviours: N1
TEST(Connections, an_unknown_name_is_a_typed_error) {
  sandbox::server api;
  auto options = options_for(api);
  options.base_url = "https://no-such-host.invalid";
  options.first_backoff = 1ms;
  const auto outcome = mint_once(api, std::move(options));
  ASSERT_THAT(name_of(outcome), testing::AnyOf("connect_failed", "timed_out"));
}

TEST(Connections, warm_up_that_fails_says_why) {
  sandbox::server_options so;
  so.certificate = sandbox::certificate_kind::expired;
  sandbox::server api{so};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, options_for(api)};
    const auto up = co_await c.warm_up(1);
    EXPECT_TRUE(up.has_error());
    EXPECT_EQ(up.error().value(), mint_errc::tls_failed);
    EXPECT_NE(up.error().message().find("expired"), std::string_view::npos) << up.error();
  });
}

}  // namespace
}  // namespace ephemint
