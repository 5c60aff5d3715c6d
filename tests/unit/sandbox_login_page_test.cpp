#include "login_page.hpp"

#include <gtest/gtest.h>

namespace ephemint::sandbox {
namespace {

using namespace std::chrono_literals;

class sandbox_login_page : public testing::Test {
 protected:
  reply open(const std::string& query, std::chrono::milliseconds later = 0ms) const {
    return login_page(query, signer_, now_ + later);
  }
  static bool says(const reply& r, std::string_view text) { return r.body.find(text) != r.body.npos; }

  const token_signer signer_;
  const wall_clock::time_point now_{1'800'000'000s};
  const std::string token_ = signer_.sign("se-1", now_, 10s);
};

TEST_F(sandbox_login_page, shows_who_where_and_how_long) {
  const reply r = open("token=" + token_, 2500ms);
  EXPECT_EQ(r.status, 200U);
  EXPECT_TRUE(says(r, "<dd id=\"account\">se-1</dd>"));
  EXPECT_TRUE(says(r, "<dd id=\"page\">carriers</dd>"));
  EXPECT_TRUE(says(r, "<dd id=\"theme\">default</dd>"));
  EXPECT_TRUE(says(r, "<dd id=\"left\">7.5</dd>"));
}

TEST_F(sandbox_login_page, shows_page_and_theme) {
  const reply r =
      open("token=" + token_ + "&redirect_to=billing&theme_id=550e8400-e29b-41d4-a716-446655440000");
  EXPECT_EQ(r.status, 200U);
  EXPECT_TRUE(says(r, "<dd id=\"page\">billing</dd>"));
  EXPECT_TRUE(says(r, "<dd id=\"theme\">550e8400-e29b-41d4-a716-446655440000</dd>"));
}

TEST_F(sandbox_login_page, refuses_a_token_that_is_dead_or_forged) {
  EXPECT_EQ(open("token=" + token_, 10s).status, 403U);
  EXPECT_TRUE(says(open("token=" + token_, 10s), "The token has expired"));
  EXPECT_EQ(open("token=" + token_ + "x").status, 403U);
  EXPECT_EQ(open("token=nonsense").status, 403U);
}

TEST_F(sandbox_login_page, refuses_a_bad_url) {
  for (const std::string& query : std::initializer_list<std::string>{
           "", "token=", "tokens=" + token_, "token=" + token_ + "&token=evil",
           "token=" + token_ + "&redirect_to=", "token=" + token_ + "&redirect_to=Billing",
           "token=" + token_ + "&theme_id=", "token=%zz", "token=" + token_ + "&theme_id=550e8400",
           "token=" + token_ + "&redirect_to=billing&redirect_to=billing"})
    EXPECT_EQ(open(query).status, 400U) << query;
}

TEST_F(sandbox_login_page, takes_parameters_that_it_does_not_know) {
  EXPECT_EQ(open("utm=1&token=" + token_ + "&&x").status, 200U);
}

TEST_F(sandbox_login_page, nothing_that_comes_in_is_html) {
  const std::string hostile = signer_.sign("<script>alert('x')</script>\"&", now_, 10s);
  const reply r = open("token=" + hostile);
  EXPECT_EQ(r.status, 200U);
  EXPECT_FALSE(says(r, "<script>"));
  EXPECT_TRUE(says(r, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
  EXPECT_FALSE(says(open("token=x&redirect_to=%3Cscript%3E"), "<script>"));
  EXPECT_FALSE(says(open("token=x&theme_id=%3Cscript%3E"), "<script>"));
}

}  // namespace
}  // namespace ephemint::sandbox
