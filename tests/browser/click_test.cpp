#include "browser/login_fixture.hpp"

#include <gmock/gmock.h>

namespace ephemint::test {
namespace {

using testing::ElementsAre;

class login_click : public login_fixture {
 protected:
  /// Shows the application at that host, with a login link in it.
  void show_link(const std::string& link, std::string_view host = "localhost") {
    show_app("<a id=open href='" + link + "'>Carriers</a>", host);
  }
  void click_link(const std::string& link, std::string_view host = "localhost") {
    show_link(link, host);
    browser().click("#open");
  }
};

// behaviours: G1
TEST_F(login_click, on_the_same_site_ends_at_the_portal) {
  start_gateway();
  click_link(link_for("se-1"));
  EXPECT_EQ(portal_account(), "se-1");
  EXPECT_THAT(statuses_of(1), ElementsAre(302));
  EXPECT_EQ(api().stats().minted, 1u);
}

TEST_F(login_click, on_another_site_ends_at_the_portal) {
  start_gateway();
  click_link(link_for("se-2"), "127.0.0.1");
  EXPECT_EQ(portal_account(), "se-2");
  EXPECT_THAT(statuses_of(1), ElementsAre(302));
}

TEST_F(login_click, typed_address_ends_at_the_portal) {
  start_gateway([](gateway::server_options& o) { o.same_site = true; });
  browser().go(link_for("se-3"));
  EXPECT_EQ(portal_account(), "se-3");
}

TEST_F(login_click, link_with_page_and_theme_ends_there) {
  start_gateway();
  click_link(link_for({.account = "se-4",
                       .redirect_to = portal_page::onboarding,
                       .theme_id = "6d2f5a0e-7c3b-4f19-9a44-0b1c2d3e4f50"}));
  EXPECT_EQ(portal_account(), "se-4");
  EXPECT_EQ(browser().evaluate("return document.querySelector('#page').innerText"), "onboarding");
  EXPECT_EQ(browser().evaluate("return document.querySelector('#theme').innerText"),
            "6d2f5a0e-7c3b-4f19-9a44-0b1c2d3e4f50");
}

// behaviours: G16
TEST_F(login_click, portal_learns_no_referrer) {
  start_gateway();
  click_link(link_for("se-1"));
  portal_account();
  EXPECT_EQ(browser().evaluate("return document.referrer"), "");
}

TEST_F(login_click, link_in_a_new_tab_has_no_opener_to_steer) {
  start_gateway();
  show_app("<a id=open target=_blank href='" + link_for("se-1") + "'>Carriers</a>");
  const std::size_t before = browser().tabs().size();
  browser().click("#open");
  eventually("a new tab", [&] { return browser().tabs().size() > before; });
  browser().choose_tab(browser().tabs().back());
  EXPECT_EQ(portal_account(), "se-1");
  EXPECT_EQ(browser().evaluate("return window.opener === null"), "true");
}

TEST_F(login_click, back_shows_the_app_and_forward_asks_nobody_again) {
  start_gateway();
  click_link(link_for("se-1"));
  portal_account();
  browser().back();
  browser().wait_until("document.title === 'The app' && document.readyState === 'complete'");
  browser().forward();
  browser().wait_until("document.querySelector('footer') && document.title !== 'The app'");  // the portal
  EXPECT_THAT(statuses(), ElementsAre(302));
  EXPECT_EQ(api().stats().minted, 1u);
}

// behaviours: G9
TEST_F(login_click, used_link_shows_the_dead_page) {
  start_gateway();
  const std::string link = link_for("se-1");
  click_link(link);
  portal_account();
  browser().go(link);
  gateway_page(403);
  EXPECT_THAT(statuses_of(2), ElementsAre(302, 403));
  EXPECT_EQ(api().stats().minted, 1u);
}

// behaviours: G15
TEST_F(login_click, dead_links_of_all_kinds_show_the_same_page) {
  start_gateway();
  const std::string used = link_for("se-1");
  browser().go(used);
  portal_account();
  const std::string expired =
      gateway::make_login_link({.account = "se-1"}, links_key(), origin(),
                               std::chrono::system_clock::now() - std::chrono::minutes{10});
  const std::string forged =
      link_signed_by({"tests", secret{"somebody-else's-key-of-the-same-name-and-size"}}, "se-1");
  const std::string unknown_key =
      link_signed_by({"others", secret{"somebody-else's-key-of-the-same-name-and-size"}}, "se-1");
  const std::string of_another_gateway =
      origin() + gateway::make_login_link({.account = "se-1"}, links_key(), "https://other.example")
                     .substr(std::string_view{"https://other.example"}.size());
  std::vector<std::string> pages;
  for (const std::string& link :
       {used, expired, forged, unknown_key, of_another_gateway, origin() + "/login/x"}) {
    browser().go(link);
    browser().wait_until("location.href === " + json_text(link));
    gateway_page(403);
    pages.push_back(browser().evaluate("return document.documentElement.outerHTML"));
  }
  EXPECT_THAT(pages, testing::Each(pages.front()));
  EXPECT_THAT(statuses_of(7), ElementsAre(302, 403, 403, 403, 403, 403, 403));
  EXPECT_EQ(api().stats().minted, 1u);
}

TEST_F(login_click, way_back_leads_to_the_app) {
  start_gateway();
  show_app("home");
  browser().go(origin() + "/login/dead");
  gateway_page(403);
  browser().click("a");
  browser().wait_until("document.title === 'The app'");
  EXPECT_EQ(browser().evaluate("return location.href"), app.at("localhost") + "/");
  EXPECT_EQ(browser().evaluate("return document.referrer"), "") << "the dead link was told to the app";
}

TEST_F(login_click, page_has_no_way_back_without_an_address_for_it) {
  start_gateway([](gateway::server_options& o) { o.back_url.clear(); });
  browser().go(origin() + "/login/dead");
  gateway_page(403);
  EXPECT_EQ(browser().evaluate("return document.links.length"), "0");
}

// behaviours: G13
TEST_F(login_click, on_another_site_is_refused_if_only_the_same_may) {
  start_gateway([](gateway::server_options& o) { o.same_site = true; });
  const std::string link = link_for("se-1");
  click_link(link, "127.0.0.1");
  gateway_page(403);
  EXPECT_EQ(api().stats().requests, 0u);
  click_link(link, "localhost");  // which spent nothing
  EXPECT_EQ(portal_account(), "se-1");
  EXPECT_THAT(statuses_of(2), ElementsAre(403, 302));
}

}  // namespace
}  // namespace ephemint::test
