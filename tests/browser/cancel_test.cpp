#include "browser/login_fixture.hpp"

#include <gmock/gmock.h>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::ElementsAre;

/// The API is slow, so that something can happen meanwhile.
class login_under_way : public login_fixture {
 protected:
  void begin() {
    sandbox::fault slow;
    slow.delay = 1'500ms;
    slow.count = 1;
    api().add_fault(slow);
    start_gateway();
    link_ = link_for("se-1");
    tab_ = browser().tabs().back();
    browser().go(link_);
    eventually("a mint under way", [] { return api().stats().requests == 1; });
  }

  std::string link_, tab_;
};

// behaviours: G14
TEST_F(login_under_way, is_cancelled_when_the_browser_goes_elsewhere) {
  begin();
  show_app("elsewhere");
  eventually("the mint's end", [&] { return logins->stats().failed == 1; });
  EXPECT_THAT(statuses_of(1), ElementsAre(0)) << "nobody was there";
  browser().go(link_);  // which hasn't been spent
  EXPECT_EQ(portal_account(), "se-1");
  EXPECT_THAT(statuses_of(2), ElementsAre(0, 302));
}

// behaviours: G14
TEST_F(login_under_way, is_cancelled_when_the_tab_is_closed) {
  begin();
  const std::string other = browser().open_tab();
  browser().close_others(other);
  eventually("the mint's end", [&] { return logins->stats().failed == 1; });
  browser().go(link_);
  EXPECT_EQ(portal_account(), "se-1");
  EXPECT_THAT(statuses_of(2), ElementsAre(0, 302));
}

// A browser asks for one address once at a time.
// behaviours: G9
TEST_F(login_under_way, second_tab_with_the_link_sees_the_dead_page_afterwards) {
  begin();
  const std::string second = browser().open_tab();
  browser().go(link_);
  browser().choose_tab(tab_);
  EXPECT_EQ(portal_account(), "se-1");
  browser().choose_tab(second);
  gateway_page(403);
  EXPECT_EQ(api().stats().minted, 1u);
}

// behaviours: G9
TEST_F(login_under_way, second_browser_with_the_link_waits_and_then_sees_the_dead_page) {
  begin();
  const std::string second = browser().open_tab();
  browser().go(as_of_another_browser(link_));
  gateway_page(409);
  browser().choose_tab(tab_);
  EXPECT_EQ(portal_account(), "se-1");
  browser().choose_tab(second);
  gateway_page(403);
  EXPECT_EQ(browser().evaluate("return document.referrer"), "") << "the waiting page told the link";
  EXPECT_EQ(api().stats().minted, 1u);
}

TEST_F(login_under_way, second_browser_with_the_link_succeeds_when_the_first_goes) {
  begin();
  const std::string second = browser().open_tab();
  browser().go(as_of_another_browser(link_));
  gateway_page(409);
  browser().close_others(second);
  EXPECT_EQ(portal_account(), "se-1");
  EXPECT_EQ(logins->stats().minted, 1u);
}

TEST_F(login_under_way, impatient_second_click_logs_in) {
  begin();
  browser().go(link_);  // in the same tab, which ends the first
  EXPECT_EQ(portal_account(), "se-1");
  // The second click may overtake the end of the first: its page then comes again by itself.
  EXPECT_THAT(statuses_of(2), AnyOf(ElementsAre(0, 302), ElementsAre(0, 409, 302)));
  EXPECT_EQ(logins->stats().minted, 1u);
}

}  // namespace
}  // namespace ephemint::test
