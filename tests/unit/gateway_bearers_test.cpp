#include "access/callers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace ephemint::gateway {
namespace {

// printf %s shop | sha256sum, and the same of `mail`.
const std::string hash_of_shop = "8d9001d32c6a703d95921a77115050f33dd823d3f1730bd35215dcbecad6dc20";
const std::string hash_of_mail = "00d8d3f11739d2f3537099982b4674c29fc59a8fda350fca1379613adbb09119";

std::string complaint_about(std::string_view text) {
  try {
    parse_bearers(text);
  } catch (const std::invalid_argument& bad) {
    return bad.what();
  }
  return "none";
}

std::string upper_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return char(std::toupper(c)); });
  return text;
}

TEST(Bearers, file_of_several_is_read) {
  const auto all = parse_bearers("# who may ask\n\n  # for what\nshop " + hash_of_shop + "\r\n\tmail\t" +
                                 upper_case(hash_of_mail) + "  se-1* se-77 \n");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "shop");
  EXPECT_TRUE(all[0].accounts.empty());
  EXPECT_EQ(all[0].token_sha256[0], 0x8d);
  EXPECT_EQ(all[0].token_sha256[31], 0x20);
  EXPECT_EQ(all[1].name, "mail");
  EXPECT_EQ(all[1].token_sha256[31], 0x19);
  EXPECT_EQ(all[1].accounts, (std::vector<std::string>{"se-1*", "se-77"}));
}

// behaviours: G6
TEST(Bearers, bad_file_is_refused_by_its_line) {
  const std::string name_rule = "has a name that can't be; give 1 to 64 of A-Z a-z 0-9 _ - .";
  const std::string hash_rule =
      "has no hash; give the 64 hexadecimal digits of the token's SHA-256 (printf %s TOKEN | sha256sum)";
  const std::string account_rule = "has an account that can't be; give visible ASCII, and * at its end alone";
  const std::string good = "shop " + hash_of_shop;
  const struct {
    std::string text, complaint;
  } table[] = {
      {"", "there is no bearer; give lines of a name and its token's SHA-256"},
      {"\n# all of them left\n", "there is no bearer; give lines of a name and its token's SHA-256"},
      {"shop", "line 1 " + hash_rule},
      {"shop my-plain-token", "line 1 " + hash_rule},
      {"shop " + hash_of_shop.substr(1), "line 1 " + hash_rule},
      {"shop " + hash_of_shop + "0", "line 1 " + hash_rule},
      {"shop g" + hash_of_shop.substr(1), "line 1 " + hash_rule},
      {hash_of_shop + " shop", "line 1 " + hash_rule},
      {good + "\n\nsh/op " + hash_of_mail, "line 3 " + name_rule},
      {std::string(65, 'a') + " " + hash_of_shop, "line 1 " + name_rule},
      {good + "\nshop " + hash_of_mail, "line 2 has a name that another line has; give each bearer its own"},
      {good + "\nmail " + upper_case(hash_of_shop),
       "line 2 has a token that another line has; give each bearer its own"},
      {"shop e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
       "line 1 has the hash of no token at all; is the variable set?"},
      {good + " se-*-1", "line 1 " + account_rule},
      {good + " *se", "line 1 " + account_rule},
      {good + " se-**", "line 1 " + account_rule},
      {good + " s\xc3\xa9", "line 1 " + account_rule},
      {good + " " + std::string(129, 'a'), "line 1 " + account_rule},
      {good + " " + std::string(129, 'a') + "*", "line 1 " + account_rule},
  };
  for (const auto& [text, complaint] : table) EXPECT_EQ(complaint_about(text), complaint) << text;
  EXPECT_EQ(complaint_about(std::string(64, 'a') + " " + hash_of_shop + " * " + std::string(128, 'a')),
            "none");
}

// behaviours: G6
TEST(Bearers, token_is_found_by_its_hash) {
  const auto all = parse_bearers("other " + hash_of_mail + "\nshop " + hash_of_shop);
  EXPECT_EQ(find_bearer(all, "shop"), &all[1]);
  for (const char* other : {"", "shoq", "shop ", "Shop", "sho", "other"})
    EXPECT_EQ(find_bearer(all, other), nullptr) << other;
  EXPECT_EQ(find_bearer(all, hash_of_shop), nullptr);
  EXPECT_EQ(find_bearer({}, "shop"), nullptr);
}

// behaviours: G6
TEST(Bearers, accounts_outside_the_patterns_are_not_theirs) {
  const struct {
    std::vector<std::string> patterns;
    const char* account;
    bool theirs;
  } table[] = {
      {{}, "se-1", true},           {{"*"}, "se-1", true},
      {{"se-1"}, "se-1", true},     {{"se-1"}, "se-12", false},
      {{"se-1"}, "SE-1", false},    {{"se-1*"}, "se-1", true},
      {{"se-1*"}, "se-12", true},   {{"se-1*"}, "se-2", false},
      {{"se-1*"}, "xse-1", false},  {{"a", "b*", "se-1"}, "se-1", true},
      {{"a", "b*"}, "se-1", false},
  };
  for (const auto& each : table) {
    const bearer one{.name = "shop", .accounts = each.patterns};
    EXPECT_EQ(may_ask_for(one, each.account), each.theirs) << each.account;
  }
}

}  // namespace
}  // namespace ephemint::gateway
