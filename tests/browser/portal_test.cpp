#include "browser/login_fixture.hpp"
#include "support/client_run.hpp"

#include <ephemint/client.hpp>

namespace ephemint::test {
namespace {

using portal_in_a_browser = login_fixture;

// Without a gateway: what a login URL of the client does.
TEST_F(portal_in_a_browser, login_url_logs_in) {
  mint_result minted = mint_once(api(), options_for(api()), {.account = "se-7"});
  ASSERT_TRUE(minted.has_value()) << name_of(minted);
  browser().go(minted->login_url({.redirect_to = portal_page::billing}).value());
  EXPECT_EQ(portal_account(), "se-7");
  EXPECT_EQ(browser().evaluate("return document.querySelector('#page').innerText"), "billing");
}

}  // namespace
}  // namespace ephemint::test
