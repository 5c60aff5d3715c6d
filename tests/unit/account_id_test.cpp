#include <ephemint/account_id.hpp>

#include <gtest/gtest.h>

#include <compare>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_set>

namespace ephemint {
namespace {

static_assert(std::is_trivially_copyable_v<account_id>);
static_assert(account_id{"se-1"}.valid());
static_assert(!account_id{}.valid());

TEST(AccountId, tells_what_the_api_can_be_asked_for) {  // behaviours: X1
  const struct {
    std::string text;
    bool valid;
  } cases[] = {
      {"242822", true},
      {"se-123456", true},
      {"~!", true},
      {std::string(128, 'a'), true},
      {"", false},
      {std::string(129, 'a'), false},
      {std::string(100'000, 'a'), false},
      {"se 1", false},
      {" se-1", false},
      {"se-1\r\nAPI-Key: x", false},
      {"se-1\n", false},
      {std::string{"se\0", 3}, false},
      {"se-\x7f", false},
      {"se-\xc3\xa9", false},
  };
  for (const auto& c : cases) EXPECT_EQ(account_id{c.text}.valid(), c.valid) << c.text;
}

TEST(AccountId, keeps_its_text) {
  EXPECT_EQ(account_id{"se-1"}.str(), "se-1");
  EXPECT_EQ(account_id{std::string(500, 'x')}.str(), std::string(128, 'x'));
}

TEST(AccountId, compares_by_text_and_tells_cut_ones_apart) {
  EXPECT_EQ(account_id{"a"}, account_id{std::string{"a"}});
  EXPECT_LT(account_id{"a"}, account_id{"b"});
  EXPECT_NE(account_id{std::string(128, 'x')}, account_id{std::string(129, 'x')});
}

TEST(AccountId, order_and_equality_agree_on_cut_ones) {
  const account_id whole{std::string(128, 'x')};
  const account_id cut{std::string(129, 'x')};
  const account_id cut_more{std::string(200, 'x')};
  EXPECT_LT(whole, cut);
  EXPECT_EQ(cut, cut_more);
  EXPECT_EQ(cut <=> cut_more, std::strong_ordering::equal);
  EXPECT_LT(cut, account_id{"y"}) << "the text comes first";
  EXPECT_GT(cut, account_id{});
  EXPECT_EQ((std::set<account_id>{whole, cut, cut_more}.size()), 2u);
}

TEST(AccountId, is_a_hash_key) {
  const std::unordered_set<account_id> seen{"a", "b", "a"};
  EXPECT_EQ(seen.size(), 2u);
}

}  // namespace
}  // namespace ephemint
