#include "plain_client.hpp"

#include <ephemint/sandbox/server.hpp>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;

/// One batch of the plain client, and its result.
struct plain_run {
  explicit plain_run(sandbox::server_options options) : api{std::move(options)}, client{context, api, seen} {}

  void mint(std::vector<std::string> accounts) {
    client.mint_all(std::move(accounts), [this](plain_client::tokens all) {
      tokens = std::move(all);
      ++handed_over;
    });
  }

  sandbox::server api;
  boost::asio::io_context context{1};
  lane seen;
  plain_client client;
  plain_client::tokens tokens;
  int handed_over = 0;
};

sandbox::server_options with_faults(const std::vector<std::string>& faults) {
  sandbox::server_options options;
  for (const std::string& one : faults) options.faults.push_back(sandbox::parse_fault(one));
  return options;
}

TEST(cli_plain_client, batch_is_handed_over_when_the_last_token_is_there) {
  plain_run run{with_faults({"account=se-2,delay=150ms"})};
  run.mint({"se-1", "se-2", "se-3"});
  while (run.seen.held.size() < 2 && run.context.run_one() > 0) {
  }
  EXPECT_EQ(run.handed_over, 0);
  run.context.run();
  EXPECT_EQ(run.handed_over, 1);
  ASSERT_EQ(run.tokens.size(), 3u);
  for (const auto& one : run.tokens) {
    ASSERT_TRUE(one);
    EXPECT_EQ(one->redirect_url, run.api.base_url() + "/api/directlogin?token=" + one->value);
  }
  EXPECT_EQ(run.seen.held.size(), 3u);
  EXPECT_EQ(run.client.handshakes(), 3u);
}

TEST(cli_plain_client, token_is_as_old_as_its_request) {
  plain_run run{with_faults({"delay=200ms"})};
  run.mint({"se-1"});
  run.context.run();
  ASSERT_EQ(run.seen.held.size(), 1u);
  EXPECT_LE(run.seen.held[0].dies_at, clock::now() + token_lifetime - 200ms);
  EXPECT_GE(run.seen.held[0].dies_at, run.seen.held[0].begun + token_lifetime);
}

TEST(cli_plain_client, connections_are_kept) {
  plain_run run{{}};
  run.mint(std::vector<std::string>(100, "se-1"));
  run.context.run();
  EXPECT_EQ(run.seen.held.size(), 100u);
  EXPECT_EQ(run.client.handshakes(), plain_client::workers);
  EXPECT_EQ(run.api.stats().requests, 100u);
}

TEST(cli_plain_client, refused_call_waits_as_retry_after_says) {
  sandbox::server_options options;
  options.limit = {.kind = sandbox::limiter_kind::sliding_window, .requests = 1, .window = 1s};
  plain_run run{options};
  const auto begun = clock::now();
  run.mint({"se-1", "se-2"});
  run.context.run();
  EXPECT_EQ(run.seen.held.size(), 2u);
  EXPECT_EQ(run.seen.rate_limited, 1u);
  EXPECT_EQ(run.client.retries(), 1u);
  EXPECT_GE(clock::now() - begun, 1s);
  EXPECT_EQ(run.client.quota_used(clock::now(), 1h), 2u) << "a 429 costs nothing of the quota";
  EXPECT_EQ(run.client.quota_used(clock::now() + 2h, 1h), 0u);
}

TEST(cli_plain_client, trouble_that_passes_is_tried_again) {
  for (const char* trouble : {"status=503,count=2", "close=before,count=2", "reset,count=2"}) {
    plain_run run{with_faults({trouble})};
    run.mint({"se-1"});
    run.context.run();
    EXPECT_EQ(run.seen.held.size(), 1u) << trouble;
    EXPECT_EQ(run.client.retries(), 2u) << trouble;
    EXPECT_EQ(run.client.requests(), 3u) << trouble;
  }
}

TEST(cli_plain_client, refused_account_is_not_tried_again) {
  plain_run run{with_faults({"account=se-2,status=401"})};
  run.mint({"se-1", "se-2", "se-3"});
  run.context.run();
  EXPECT_EQ(run.seen.failed, 1u);
  EXPECT_EQ(run.seen.held.size(), 2u);
  EXPECT_EQ(run.client.retries(), 0u);
  ASSERT_EQ(run.tokens.size(), 3u);
  EXPECT_FALSE(run.tokens[1]);
}

TEST(cli_plain_client, certificates_are_verified) {
  for (const auto bad : {sandbox::certificate_kind::wrong_host, sandbox::certificate_kind::untrusted_root,
                         sandbox::certificate_kind::expired}) {
    sandbox::server_options options;
    options.certificate = bad;
    plain_run run{options};
    run.mint({"se-1"});
    while (run.client.retries() == 0 && run.context.run_one() > 0) {
    }
    EXPECT_EQ(run.client.retries(), 1u);
    EXPECT_EQ(run.client.requests(), 0u);
    EXPECT_EQ(run.client.handshakes(), 0u);
  }
}

}  // namespace
}  // namespace ephemint::cli
