#include "browser/login_fixture.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;

struct look {
  std::string_view name, colours;
  int width, height;
};
constexpr look looks[] = {{"light", "light", 1000, 700},
                          {"dark", "dark", 1000, 700},
                          {"phone", "light", 390, 844},
                          {"phone-dark", "dark", 390, 844}};

/// Every page as customers see it; the tests save pictures in the build's directory `browser`.
class gateway_pages : public login_fixture {
 protected:
  void expect_well_made(std::string_view page, int status) {
    gateway_page(status);
    EXPECT_NE(browser().evaluate("return document.title"), "");
    EXPECT_NE(browser().evaluate("return document.documentElement.lang"), "");
    EXPECT_EQ(browser().evaluate("return document.querySelectorAll('h1').length"), "1");
    EXPECT_EQ(browser().evaluate("return document.scripts.length"), "0");
    EXPECT_EQ(browser().evaluate("return document.referrer"), "");
    // The policy allows its style sheet by the hash.
    EXPECT_EQ(browser().evaluate("return document.styleSheets.length"), "1");
    EXPECT_THAT(browser().evaluate("return document.body.innerText"),
                testing::Not(testing::HasSubstr("eyJ")));
    std::filesystem::create_directories(EPHEMINT_SCREENSHOTS);
    for (const look& as : looks) show_as(as, page);
    tell("Emulation.clearDeviceMetricsOverride", "{}");
  }

 private:
  static void tell(std::string_view command, const std::string& parameters) {
    browser().tell_browser(command, parameters);
  }

  static void show_as(const look& as, std::string_view page) {
    SCOPED_TRACE(fmt::format("{} {}", page, as.name));
    tell("Emulation.setEmulatedMedia",
         fmt::format(R"({{"features":[{{"name":"prefers-color-scheme","value":"{}"}}]}})", as.colours));
    tell("Emulation.setDeviceMetricsOverride",
         fmt::format(R"({{"width":{},"height":{},"deviceScaleFactor":1,"mobile":{}}})", as.width, as.height,
                     as.width < 500));
    EXPECT_EQ(browser().evaluate("return document.documentElement.scrollWidth <= innerWidth"), "true");
    EXPECT_EQ(browser().evaluate("return innerWidth"), std::to_string(as.width))
        << "no viewport was declared";
    browser().screenshot(fmt::format("{}/{}-{}.png", EPHEMINT_SCREENSHOTS, page, as.name));
  }
};

TEST_F(gateway_pages, dead) {
  start_gateway();
  browser().go(origin() + "/login/dead");
  expect_well_made("dead", 403);
}

TEST_F(gateway_pages, dead_without_a_way_back) {
  start_gateway([](gateway::server_options& o) { o.back_url.clear(); });
  browser().go(origin() + "/login/dead");
  expect_well_made("dead-without-back", 403);
}

TEST_F(gateway_pages, confirm) {
  start_gateway([](gateway::server_options& o) { o.confirm = true; });
  browser().go(link_for("se-1"));
  expect_well_made("confirm", 200);
}

TEST_F(gateway_pages, waiting) {
  start_gateway([](gateway::server_options& o) { o.client.rate = quota::declared(1, 60s); });
  browser().go(link_for("se-0"));
  portal_account();
  browser().go(link_for("se-1"));
  expect_well_made("waiting", 503);
}

TEST_F(gateway_pages, busy) {
  sandbox::fault slow;
  slow.delay = 1'900ms;
  slow.count = 1;
  api().add_fault(slow);
  start_gateway();
  const std::string link = link_for("se-1");
  browser().go(link);
  eventually("a mint under way", [] { return api().stats().requests == 1; });
  browser().open_tab();
  browser().go(as_of_another_browser(link));
  expect_well_made("busy", 409);
}

TEST_F(gateway_pages, failed) {
  start_gateway();
  sandbox::fault refusal;
  refusal.status = 404;
  api().add_fault(refusal);
  browser().go(link_for("se-unknown"));
  expect_well_made("failed", 422);
}

TEST_F(gateway_pages, key_refused) {
  start_gateway([](gateway::server_options& o) { o.client.api_key = secret{"TEST_another"}; });
  browser().go(link_for("se-1"));
  expect_well_made("key-refused", 502);
}

TEST_F(gateway_pages, limit) {
  start_gateway([](gateway::server_options& o) { o.per_account = {1, 60s, 1}; });
  browser().go(link_for("se-1"));
  portal_account();
  browser().go(link_for("se-1"));
  expect_well_made("limit", 429);
}

TEST_F(gateway_pages, unknown) {
  start_gateway();
  browser().go(origin() + "/nothing");
  browser().wait_until("performance.getEntriesByType('navigation')[0].responseStatus === 404");
}

}  // namespace
}  // namespace ephemint::test
