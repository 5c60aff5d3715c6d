#include "browser/login_fixture.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace ephemint::test {
namespace {

using testing::ElementsAre;

class login_by_button : public login_fixture {
 protected:
  void start_with_button(bool same_site = false) {
    start_gateway([same_site](gateway::server_options& o) {
      o.confirm = true;
      o.same_site = same_site;
    });
  }
  /// A click in a mail, which counts as another site.
  void click_in_a_mail(const std::string& link) {
    show_app(fmt::format("<a id=open href='{}'>Carriers</a>", link), "127.0.0.1");
    browser().click("#open");
    gateway_page(200);
  }
};

// behaviours: G12
TEST_F(login_by_button, link_alone_mints_nothing) {
  start_with_button();
  const std::string link = link_for("se-1");
  for (int i = 0; i < 3; ++i) click_in_a_mail(link);  // as programs that scan mail do
  EXPECT_EQ(api().stats().requests, 0u);
  EXPECT_THAT(statuses_of(3), ElementsAre(200, 200, 200));
  EXPECT_EQ(browser().evaluate("return document.querySelectorAll('form button').length"), "1");
}

// behaviours: G12
TEST_F(login_by_button, press_ends_at_the_portal) {
  start_with_button();
  click_in_a_mail(link_for("se-1"));
  browser().click("form button");
  EXPECT_EQ(portal_account(), "se-1");
  EXPECT_EQ(browser().evaluate("return document.referrer"), "");
  EXPECT_THAT(statuses_of(2), ElementsAre(200, 303));
  EXPECT_EQ(api().stats().minted, 1u);
}

TEST_F(login_by_button, second_press_shows_the_dead_page) {
  start_with_button();
  const std::string link = link_for("se-1");
  click_in_a_mail(link);
  const std::string first = browser().tabs().back(), second = browser().open_tab();
  click_in_a_mail(link);
  browser().click("form button");
  EXPECT_EQ(portal_account(), "se-1");
  browser().choose_tab(first);
  browser().click("form button");
  gateway_page(403);
  EXPECT_EQ(api().stats().minted, 1u);
}

TEST_F(login_by_button, press_is_taken_though_the_mail_was_another_site) {
  start_with_button(true);
  click_in_a_mail(link_for("se-1"));
  browser().click("form button");
  EXPECT_EQ(portal_account(), "se-1");
}

// behaviours: G13
TEST_F(login_by_button, form_of_another_site_is_refused_if_only_the_same_may) {
  start_with_button(true);
  const std::string link = link_for("se-1");
  click_in_a_mail(link);
  const std::string form = browser().evaluate("return document.querySelector('form').outerHTML");
  const std::string action = browser().evaluate("return document.querySelector('form').action");
  EXPECT_EQ(action, origin() + "/login");
  show_app(fmt::format("<base href='{}'>{}", origin(), form), "127.0.0.1");
  browser().click("form button");
  gateway_page(403);
  EXPECT_EQ(api().stats().requests, 0u);
  EXPECT_THAT(statuses_of(2), ElementsAre(200, 403));
  click_in_a_mail(link);  // nothing was spent
  browser().click("form button");
  EXPECT_EQ(portal_account(), "se-1");
}

TEST_F(login_by_button, waits_for_the_quota_and_comes_back_by_itself) {
  api().set_rate_limit(sandbox::parse_rate_limit("1/3s"));
  start_gateway([](gateway::server_options& o) {
    o.confirm = true;
    o.client.rate = quota::declared(1, std::chrono::seconds{3});
  });
  browser().go(link_for("se-1"));
  browser().click("form button");
  portal_account();
  browser().go(link_for("se-2"));
  browser().click("form button");
  gateway_page(503);
  EXPECT_EQ(portal_account(), "se-2");  // without a second click
  EXPECT_THAT(statuses(), ElementsAre(200, 303, 200, 503, 302));
  EXPECT_EQ(api().stats().rate_limited, 0u);
}

}  // namespace
}  // namespace ephemint::test
