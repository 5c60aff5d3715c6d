#include "support/cli_fixture.hpp"
#include "support/gateway_process.hpp"
#include "support/plain_http.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

// behaviours: G1, G19

namespace ephemint::test {
namespace {

using gateways = std::vector<std::unique_ptr<gateway_process>>;

/// One of a portal's processes. If a gateway accepts no request any more, it tries the next one.
class portal_process {
 public:
  explicit portal_process(const gateways& all) : gateways_{all} {}

  /// Throws if a request that was taken got no answer.
  plain_http::answer log_in(const std::string& account, bool by_new_connection) {
    if (by_new_connection) connection_.reset();
    while (!ask(account)) continue;
    plain_http::answer answer = connection_->read_answer();
    if (answer.header("connection") == "close") connection_.reset();
    return answer;
  }

 private:
  /// Whether it was taken.
  bool ask(const std::string& account) {
    try {
      if (!connection_) connection_.emplace(gateways_.at(next_)->backend);
      connection_->send_request("POST", "/v1/tokens", {{"Content-Type", "application/json"}},
                                R"({"account":")" + account + R"("})");
      return true;
    } catch (const std::system_error&) {
      if (!connection_) ++next_;  // nobody listens there
      connection_.reset();
      return false;
    }
  }

  const gateways& gateways_;
  std::size_t next_ = 0;
  std::optional<plain_http> connection_;
};

/// The API is slow, so that there are always logins under way.
class draining_gateways : public cli_test {
 protected:
  draining_gateways() : cli_test{{.latency = std::chrono::milliseconds{30}}} {
    for (std::size_t i = 0; i < 5; ++i)
      all.push_back(std::make_unique<gateway_process>(
          std::vector<std::string>{EPHEMINT_COMMAND, "gateway", "--ca-file", authority.path(), "--rate",
                                   "unlimited", "--listen", "unix:" + place.path() + '/' + std::to_string(i)},
          environment()));
  }

  /// A caller's logins: some over a kept connection, some over one of their own. Every 200th login of all
  /// callers ends the gateway that they use.
  void log_in(int caller, int logins) {
    portal_process portal{all};
    for (int i = 0; i < logins; ++i) {
      const std::string account = "se-" + std::to_string(caller) + '-' + std::to_string(i);
      try {
        const auto answer = portal.log_in(account, i % 3 == 0);
        if (answer.status != 200 || members_of(answer.body)["account"] != account) ++failed;
      } catch (const std::exception& lost) {
        ++failed;
        ADD_FAILURE() << account << ": " << lost.what();
      }
      if (const int so_many = ++tried; so_many % 200 == 0 && so_many < 1000)
        all[static_cast<std::size_t>(so_many / 200 - 1)]->program.signal(SIGTERM);
    }
  }

  temporary_directory place;
  gateways all;
  std::atomic<int> tried = 0, failed = 0;
};

TEST_F(draining_gateways, four_restarts_fail_none_of_a_thousand_logins) {
  std::vector<std::jthread> callers;
  for (int caller = 0; caller < 20; ++caller) callers.emplace_back([this, caller] { log_in(caller, 50); });
  callers.clear();
  EXPECT_EQ(tried, 1000);
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(api.stats().minted, 1000U) << "none was minted twice";
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(all[i]->program.wait().status, 0);
}

}  // namespace
}  // namespace ephemint::test
