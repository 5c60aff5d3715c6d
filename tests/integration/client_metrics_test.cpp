#include "support/client_run.hpp"
#include "support/metrics_text.hpp"

#include <ephemint/log_observer.hpp>
#include <ephemint/metrics.hpp>
#include <ephemint/observers.hpp>

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

client_options observed_by(std::shared_ptr<observer> who, const sandbox::server& api) {
  client_options options = options_for(api);
  options.observer = std::move(who);
  return options;
}

// behaviours: O2, O3
TEST(ClientMetrics, count_what_a_real_client_did) {
  sandbox::server api{faulty({"status=503,nth=2,count=1"})};
  const auto seen = std::make_shared<metrics>();
  std::string during;
  run([&]() -> asio::awaitable<void> {
    client_options options = observed_by(seen, api);
    options.rate = quota::declared(20, 60s);
    client c{co_await asio::this_coro::executor, std::move(options)};
    for (const auto& account : accounts(3)) {
      const auto minted = co_await c.mint({.account = account});
      EXPECT_EQ(name_of(minted), "minted");
    }
    during = seen->prometheus_text();
  });
  const metrics_text alive{during};
  EXPECT_THAT(alive.wrong, IsEmpty());
  EXPECT_EQ(alive["ephemint_mints_total{urgency=\"interactive\",result=\"minted\"}"], 3);
  EXPECT_EQ(alive["ephemint_mint_duration_seconds_count{urgency=\"interactive\"}"], 3);
  EXPECT_EQ(alive["ephemint_token_remaining_seconds_bucket{le=\"9\"}"], 0);
  EXPECT_EQ(alive["ephemint_token_remaining_seconds_count"], 3);
  EXPECT_EQ(alive["ephemint_requests_total{outcome=\"minted\"}"], 3);
  EXPECT_EQ(alive["ephemint_requests_total{outcome=\"server_error\"}"], 1);
  EXPECT_EQ(alive["ephemint_retries_total{reason=\"retry\"}"], 1);
  EXPECT_GE(alive["ephemint_connections{state=\"established\"}"], 1);
  EXPECT_EQ(alive["ephemint_quota_requests"], 20);
  EXPECT_EQ(alive["ephemint_quota_window_seconds"], 60);
  EXPECT_EQ(alive["ephemint_quota_used"], 4);

  const metrics_text gone{seen->prometheus_text()};
  EXPECT_EQ(gone["ephemint_mints_total{urgency=\"interactive\",result=\"minted\"}"], 3);
  EXPECT_EQ(gone["ephemint_connections{state=\"established\"}"], 0);
  EXPECT_EQ(gone["ephemint_quota_requests"], 0);
}

// behaviours: O2
TEST(ClientMetrics, quota_that_clients_share_counts_once) {
  const sandbox::server api;
  const auto seen = std::make_shared<metrics>();
  run([&]() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    client_options options = observed_by(seen, api);
    options.rate = quota::declared(7, 1s);
    const client alone{executor, options};
    options.rate.reset();
    options.governor = make_rate_governor(quota::declared(20, 60s));
    const client one{executor, options};
    const client two{executor, options};
    const metrics_text text{seen->prometheus_text()};
    EXPECT_EQ(text["ephemint_quota_requests"], 27);
    EXPECT_EQ(text["ephemint_quota_window_seconds"], 60) << "the longer one";
  });
}

// behaviours: I5, O3
TEST(ClientMetrics, neither_metrics_nor_lines_hold_a_secret) {
  sandbox::server api{faulty({"status=503,nth=1,count=1"})};
  const auto seen = std::make_shared<metrics>();
  std::string said;
  const auto log = std::make_shared<log_observer>(
      [&](severity how, std::string_view line) {
        said.append(to_string(how)).append(": ").append(line) += '\n';
      },
      severity::debug);
  const auto both = std::make_shared<observers>(std::vector<std::shared_ptr<observer>>{seen, log});
  std::vector<std::string> secrets{api.api_key()};
  run([&]() -> asio::awaitable<void> {
    client c{co_await asio::this_coro::executor, observed_by(both, api)};
    const auto minted = co_await c.mint({.account = "se-1"});
    EXPECT_EQ(name_of(minted), "minted");
    if (!minted) co_return;
    secrets.emplace_back(minted->value());
    secrets.emplace_back(minted->redirect_url());
  });
  EXPECT_THAT(said, HasSubstr("debug: mint 1 of se-1: minted after "));
  EXPECT_EQ(metrics_text{seen->prometheus_text()}["ephemint_requests_total{outcome=\"minted\"}"], 1);
  for (const std::string& secret : secrets) {
    EXPECT_EQ(said.find(secret), said.npos);
    EXPECT_EQ(seen->prometheus_text().find(secret), std::string::npos);
  }
}

}  // namespace
}  // namespace ephemint::test
