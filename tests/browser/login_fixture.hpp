#pragma once

#include "browser/app_site.hpp"
#include "browser/web_driver.hpp"

#include <ephemint/gateway/server.hpp>
#include <ephemint/sandbox/server.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::test {

/// The parts of a line of the gateway's log that tests check.
struct logged_request {
  std::string route;
  int status = 0;
  std::string account;
};

/// A person with a browser, a partner's application, a gateway, and a sandbox, whose portal is where logins
/// lead. All tests of the program share browser and sandbox, as they start slowly, and the browser trusts
/// only authorities that it was given at its start. Each test has its own tab, application and gateway.
class login_fixture : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// Starts the gateway with usual options, as modified by `change`.
  void start_gateway(const std::function<void(gateway::server_options&)>& change = {});
  /// A new link of that gateway.
  std::string link_for(std::string_view account) const;
  std::string link_for(gateway::login_link) const;
  std::string link_signed_by(const gateway::link_key&, std::string_view account) const;
  /// The same link with another name of the gateway's host. For the same address, a browser delays the second
  /// request until the first has its answer; another browser wouldn't.
  static std::string as_of_another_browser(const std::string& link);
  /// The gateway's origin.
  const std::string& origin() const noexcept { return origin_; }

  /// Shows the application's page with this content, at that host.
  void show_app(std::string_view body, std::string_view host = "localhost");
  /// Waits for the portal; the account that is logged in.
  std::string portal_account();
  /// Waits for a page of the gateway that came with this status; its text.
  std::string gateway_page(int status);
  /// After how many seconds the waiting page reloads itself.
  int told_seconds();

  /// Statuses of all requests for login links so far, in the order in which they ended, for one account or
  /// all.
  std::vector<int> statuses(std::string_view account = {}) const;
  /// Waits until that many requests for login links were answered; their statuses.
  std::vector<int> statuses_of(std::size_t requests) const;
  /// Waits until the condition holds; fails the test if it doesn't within 20 s.
  static void eventually(std::string_view what, const std::function<bool()>& holds);

  static web_driver& browser();
  static sandbox::server& api();
  app_site app;
  std::unique_ptr<gateway::server> logins;

 private:
  struct log_book {
    std::mutex mutex;
    std::vector<logged_request> lines;
  };

  std::shared_ptr<log_book> log_ = std::make_shared<log_book>();
  std::string origin_;
};

/// The key that signs the links of all tests.
gateway::link_key links_key();

}  // namespace ephemint::test
