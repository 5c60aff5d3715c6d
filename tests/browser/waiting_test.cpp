#include "browser/login_fixture.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using steady_clock = std::chrono::steady_clock;

/// Sets a quota of one login in so many seconds, and uses it.
class waiting_page : public login_fixture {
 protected:
  void use_quota(std::chrono::seconds window) {
    api().set_rate_limit(sandbox::parse_rate_limit(fmt::format("1/{}s", window.count())));
    start_gateway([window](gateway::server_options& o) { o.client.rate = quota::declared(1, window); });
    browser().go(link_for("se-0"));
    portal_account();
    used_ = steady_clock::now();
  }
  /// Seconds since the quota was used, or a little less.
  double since_use() const { return std::chrono::duration<double>(steady_clock::now() - used_).count(); }

  steady_clock::time_point used_;
};

// behaviours: G11
TEST_F(waiting_page, leads_to_the_portal_by_itself_after_the_time_that_it_told) {
  use_quota(3s);
  browser().go(link_for("se-1"));
  const std::string text = gateway_page(503);
  const double asked = since_use();
  const int told = told_seconds();
  EXPECT_GE(told, 3 - asked - 1) << text;
  EXPECT_LE(told, (3 - asked) * 1.1 + 1.5) << text;
  EXPECT_THAT(text, testing::HasSubstr(std::to_string(told))) << "a person isn't told how long";
  EXPECT_EQ(portal_account(), "se-1");
  EXPECT_NEAR(since_use(), asked + told, 1.0);
  EXPECT_THAT(statuses("se-1"), ElementsAre(503, 302)) << "it was true at once";
  EXPECT_EQ(api().stats().rate_limited, 0u);
  EXPECT_EQ(browser().evaluate("return document.referrer"), "");
}

// behaviours: G11
TEST_F(waiting_page, link_outlives_its_own_end_while_it_is_shown) {
  use_quota(3s);
  browser().go(link_for({.account = "se-1", .max_age = 1s}));
  EXPECT_EQ(portal_account(), "se-1");
  EXPECT_THAT(statuses("se-1"), ElementsAre(503, 302));
}

// behaviours: G11
TEST_F(waiting_page, each_tab_is_told_its_own_time) {
  use_quota(3s);
  std::vector<std::string> tabs;
  std::vector<double> due;  // since the quota was used
  for (const char* const account : {"se-1", "se-2", "se-3"}) {
    tabs.push_back(browser().open_tab());
    browser().go(link_for(account));
    gateway_page(503);
    due.push_back(since_use() + told_seconds());
  }
  EXPECT_NEAR(due[1] - due[0], 3, 2) << due[0] << ' ' << due[1];
  EXPECT_NEAR(due[2] - due[1], 3, 2) << due[1] << ' ' << due[2];
  for (std::size_t i = 0; i < tabs.size(); ++i) {
    browser().choose_tab(tabs[i]);
    EXPECT_EQ(portal_account(), fmt::format("se-{}", i + 1));
    EXPECT_THAT(statuses(fmt::format("se-{}", i + 1)), testing::SizeIs(testing::Le(3)))
        << "asked again and again";
  }
  EXPECT_EQ(api().stats().rate_limited, 0u);
}

// behaviours: G11
TEST_F(waiting_page, reload_keeps_the_place) {
  use_quota(3s);
  const std::string link = link_for("se-1");
  browser().go(link);
  gateway_page(503);
  const double first = since_use() + told_seconds();
  browser().go(link);
  statuses_of(3);
  gateway_page(503);
  EXPECT_NEAR(since_use() + told_seconds(), first, 1.5);
  EXPECT_EQ(portal_account(), "se-1");
}

TEST_F(waiting_page, comes_after_an_outage_that_will_pass) {
  start_gateway([](gateway::server_options& o) {
    o.client.max_attempts = 1;
    o.deadline = 2s;
  });
  sandbox::fault away;
  away.status = 503;
  away.count = 1;
  api().add_fault(away);
  browser().go(link_for("se-1"));
  EXPECT_EQ(portal_account(), "se-1");
  EXPECT_EQ(statuses().back(), 302);
}

}  // namespace
}  // namespace ephemint::test
