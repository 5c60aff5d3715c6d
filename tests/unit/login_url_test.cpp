#include "codec/login_url.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace ephemint {

using namespace detail;

namespace {

const std::string root = "https://dashboard.shipengine.com/api/directlogin?token=";
const std::string theme = "550e8400-e29b-41d4-a716-446655440000";

ephemeral_token token_with(const std::string& redirect_url) { return {"eyJ..", redirect_url, {}}; }

TEST(LoginUrl, of_a_token_that_came_alone_is_an_error) {
  const ephemeral_token alone{"abc", {}, clock::now()};
  EXPECT_EQ(alone.value(), "abc");
  EXPECT_EQ(alone.redirect_url(), "");
  const auto url = alone.login_url();
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().code(), mint_errc::invalid_request);
  EXPECT_EQ(url.error().message(), "login URL: the token has no redirect_url; mint it without token_only");
}

TEST(LoginUrl, appends_the_options_to_the_end) {  // behaviours: X3
  const struct {
    login_options options;
    std::string added;
  } cases[] = {
      {{}, ""},
      {{theme, std::nullopt}, "&theme_id=" + theme},  // the guide's own example
      {{"", portal_page::carriers}, "&redirect_to=carriers"},
      {{"", portal_page::billing}, "&redirect_to=billing"},
      {{theme, portal_page::onboarding}, "&theme_id=" + theme + "&redirect_to=onboarding"},
      {{"550E8400-E29B-41D4-A716-446655440000", std::nullopt},
       "&theme_id=550E8400-E29B-41D4-A716-446655440000"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(token_with(root + "eyJ..").login_url(c.options).value(), root + "eyJ.." + c.added);
}

TEST(LoginUrl, leaves_what_is_there_as_it_is) {  // behaviours: X3
  for (const std::string url : {
           "https://dashboard.shipengine.com/?token=eyJ..&x=%41%2f%2F&y=a+b&&z",
           "HTTPS://Dashboard.ShipEngine.com:443/a/../b//c/%7Euser?token=eyJ..",
           "https://dashboard.shipengine.com?token=eyJ..&redirect_to=billing",
           "https://dashboard.shipengine.com/?token=eyJ..'!$()*,;:@/?",
       })
    EXPECT_EQ(token_with(url).login_url({.redirect_to = portal_page::carriers}).value(),
              url + "&redirect_to=carriers");
}

TEST(LoginUrl, theme_that_is_no_uuid_is_refused) {  // behaviours: X1, X3
  const struct {
    std::string theme_id, shown;
  } cases[] = {
      {"x", "x"},
      {theme + "&token=evil", theme + "&token=evil"},
      {theme + "#", theme + "#"},
      {"%0d%0a", "%0d%0a"},
      {"\\", "\\"},
      {"\r\n", "\\x0d\\x0a"},
      {theme.substr(1), theme.substr(1)},
      {theme + "0", theme + "0"},
      {"{" + theme + "}", "{" + theme + "}"},
      {"550e8400-e29b-41d4-a716-44665544000g", "550e8400-e29b-41d4-a716-44665544000g"},
      {"550e8400ee29b-41d4-a716-446655440000", "550e8400ee29b-41d4-a716-446655440000"},
      {"550e8400e29b41d4a716446655440000", "550e8400e29b41d4a716446655440000"},
      {std::string(500, 'x'), std::string(77, 'x') + "..."},
  };
  for (const auto& c : cases) {
    const auto url = token_with(root + "eyJ..").login_url({.theme_id = c.theme_id});
    ASSERT_TRUE(url.has_error()) << c.theme_id;
    EXPECT_EQ(url.error().value(), mint_errc::invalid_request);
    EXPECT_EQ(
        url.error().message(),
        "theme_id: \"" + c.shown + "\" is not a UUID; give one like 550e8400-e29b-41d4-a716-446655440000");
  }
}

TEST(LoginUrl, page_that_is_none_is_refused) {
  const auto url = token_with(root + "eyJ..").login_url({.redirect_to = static_cast<portal_page>(7)});
  EXPECT_EQ(url.error().message(), "redirect_to: 7 is not a page; give carriers, billing or onboarding");
}

TEST(LoginUrl, says_by_how_much_it_is_too_long) {  // behaviours: X3
  const auto url_of = [](std::size_t size) { return root + std::string(size - root.size(), 'x'); };
  const std::size_t added = std::string{"&redirect_to=billing"}.size();
  EXPECT_EQ(token_with(url_of(2000)).login_url().value().size(), 2000u);
  EXPECT_EQ(token_with(url_of(2000 - added)).login_url({.redirect_to = portal_page::billing}).value().size(),
            2000u);
  EXPECT_EQ(token_with(url_of(2001)).login_url().error().message(),
            "login URL: 2001 characters, 1 over the limit of 2000");
  EXPECT_EQ(token_with(url_of(2000)).login_url({.redirect_to = portal_page::billing}).error().message(),
            "login URL: 2020 characters, 20 over the limit of 2000");
}

TEST(AppendToQuery, what_is_added_stays_under_1300_characters) {  // behaviours: X3
  const auto append = [](std::size_t size) {
    const std::string value(size - 3, 'x');  // `&v=`
    return append_to_query(root + "t", std::array{query_parameter{"v", value}});
  };
  EXPECT_EQ(append(1299).value().size(), root.size() + 1 + 1299);
  EXPECT_EQ(append(1300).error().message(),
            "login URL: 1300 characters are added to redirect_url, 1 over the 1299 that may be");
  EXPECT_EQ(append(9000).error().message(),
            "login URL: 9000 characters are added to redirect_url, 7701 over the 1299 that may be");
}

TEST(AppendToQuery, encodes_whatever_could_be_read_as_something_else) {  // behaviours: X3
  const struct {
    std::string value, encoded;
  } cases[] = {
      {"&token=evil", "%26token=evil"}, {"#", "%23"},  {"\r\n", "%0D%0A"},
      {"%0d%0a", "%250d%250a"},         {"\\", "%5C"}, {"\xc3\xa9", "%C3%A9"},
      {std::string(1, '\0'), "%00"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(append_to_query(root + "t", std::array{query_parameter{"v", c.value}}).value(),
              root + "t&v=" + c.encoded);
}

TEST(AppendToQuery, begins_a_query_where_there_is_none) {
  EXPECT_EQ(append_to_query("https://h/p", std::array{query_parameter{"v", "1"}}).value(), "https://h/p?v=1");
}

TEST(AppendToQuery, text_that_is_no_url_is_refused_without_repeating_it) {
  EXPECT_EQ(append_to_query("https://h/ planted", std::array{query_parameter{"v", "1"}}).error().message(),
            "login URL: the token's redirect_url is not a URL");
}

TEST(LoginUrl, of_no_token_is_refused) {
  EXPECT_EQ(ephemeral_token{}.login_url().error().message(),
            "login URL: the token is empty (moved from, or never minted)");
}

TEST(PortalPage, has_the_apis_names) {
  EXPECT_EQ(to_string(portal_page::carriers), "carriers");
  EXPECT_EQ(to_string(portal_page::billing), "billing");
  EXPECT_EQ(to_string(portal_page::onboarding), "onboarding");
}

}  // namespace
}  // namespace ephemint
