// A real server, with settings that are known to make other clients lose requests.
#include "support/client_run.hpp"
#include "support/nginx.hpp"

#include <memory>
#include <string>

namespace ephemint::test {
namespace {

client_options options_for(const nginx& api) {
  client_options o;
  o.base_url = api.base_url();
  o.api_key = secret{"TEST_key-for-nginx"};
  o.system_authorities = false;
  o.authority_pem = api.authority_pem();
  o.redirect_hosts = {"localhost"};
  o.rate = quota::unlimited();
  o.max_attempts = 2;
  return o;
}

/// The result of a batch.
struct batch_end {
  int own_tokens = 0;
  std::string first_failure;
  client_stats stats;
};

batch_end mint_accounts(client_options options, int n, std::size_t in_flight) {
  batch_end seen;
  const auto task = [&]() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    client c{executor, std::move(options)};
    const many_options many{.in_flight = in_flight};
    auto results = c.mint_many(account_source{accounts(n)}, many);
    for (auto each = co_await results.next(); each; each = co_await results.next()) {
      if (each->result && each->result->value() == nginx::token_of(std::string{each->account.str()}))
        ++seen.own_tokens;
      else if (seen.first_failure.empty())
        seen.first_failure = each->result ? "another's token" : to_string(each->result.error());
    }
    seen.stats = c.stats();
  };
  run(task, 120s);
  return seen;
}

class Http2Nginx : public testing::Test {
 protected:
  void SetUp() override {
    if (!nginx::program()) GTEST_SKIP() << "nginx is not installed";
  }
};

TEST_F(Http2Nginx, that_ends_each_connection_after_a_hundred_requests_fails_none_of_five_thousand) {
  const nginx api{"keepalive_requests 100; http2_max_concurrent_streams 4;"};
  const auto seen = mint_accounts(options_for(api), 5'000, 32);
  EXPECT_EQ(seen.own_tokens, 5'000) << seen.first_failure;
  EXPECT_EQ(seen.stats.failed, 0u);
  EXPECT_EQ(seen.stats.http2_connections, seen.stats.connections);
  EXPECT_GE(seen.stats.dials, 50u);
  EXPECT_LE(seen.stats.dials, 60u);
  EXPECT_LE(seen.stats.requests, 5'250u);
}

TEST_F(Http2Nginx, of_one_connection_fails_none_either) {
  const nginx api{"keepalive_requests 100; http2_max_concurrent_streams 4;"};
  auto options = options_for(api);
  options.max_connections = 1;
  const auto seen = mint_accounts(std::move(options), 1'000, 32);
  EXPECT_EQ(seen.own_tokens, 1'000) << seen.first_failure;
  EXPECT_LE(seen.stats.dials, 12u);
}

TEST_F(Http2Nginx, as_it_is_installed_is_one_connection_a_thousand_requests) {
  const nginx api;
  const auto seen = mint_accounts(options_for(api), 5'000, 64);
  EXPECT_EQ(seen.own_tokens, 5'000) << seen.first_failure;
  EXPECT_EQ(seen.stats.failed, 0u);
  EXPECT_GE(seen.stats.dials, 5u);
  EXPECT_LE(seen.stats.dials, 7u);
  EXPECT_LE(seen.stats.requests, 5'250u);
}

}  // namespace
}  // namespace ephemint::test
