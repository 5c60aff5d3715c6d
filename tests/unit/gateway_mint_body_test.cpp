#include "faces/mint_body.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ephemint::gateway {
namespace {

using namespace std::chrono_literals;

const std::string theme = "550e8400-e29b-41d4-a716-446655440000";

std::string complaint_about_mint(std::string_view json) {
  try {
    read_mint_body(json, 8s);
  } catch (const bad_body& bad) {
    return bad.what();
  }
  return "none";
}

std::string complaint_about_estimate(std::string_view json) {
  try {
    read_estimate_body(json);
  } catch (const bad_body& bad) {
    return bad.what();
  }
  return "none";
}

TEST(MintBody, account_alone_will_do) {
  const mint_body asked = read_mint_body(R"({"account":"se-1"})", 8s);
  EXPECT_EQ(asked.account, account_id{"se-1"});
  EXPECT_EQ(asked.urgency, priority::interactive);
  EXPECT_FALSE(asked.deadline);
  EXPECT_FALSE(asked.redirect_to);
  EXPECT_EQ(asked.theme_id, "");
  EXPECT_FALSE(asked.token || asked.redirect_url);
}

TEST(MintBody, all_members_are_read_in_any_order) {
  const mint_body asked =
      read_mint_body(" {\"fields\": [\"redirect_url\",\"token\"],\n\"theme_id\":\"" + theme +
                         R"(","redirect_to":"billing","deadline_ms":8000,"priority":"background",)"
                         R"("\u0061ccount":"242822"} )",
                     8s);
  EXPECT_EQ(asked.account, account_id{"242822"});
  EXPECT_EQ(asked.urgency, priority::background);
  EXPECT_EQ(asked.deadline, 8s);
  EXPECT_EQ(asked.redirect_to, portal_page::billing);
  EXPECT_EQ(asked.theme_id, theme);
  EXPECT_TRUE(asked.token);
  EXPECT_TRUE(asked.redirect_url);
}

TEST(MintBody, only_the_fields_that_were_named_are_asked_for) {
  EXPECT_FALSE(read_mint_body(R"({"account":"a","fields":[]})", 8s).token);
  const mint_body asked = read_mint_body(R"({"account":"a","fields":["token"]})", 8s);
  EXPECT_TRUE(asked.token);
  EXPECT_FALSE(asked.redirect_url);
}

// behaviours: G4
TEST(MintBody, what_is_not_exactly_a_request_is_refused_by_name) {
  const std::string no_object = "the body isn't a JSON object in UTF-8";
  const std::string account_rule = "account: give 1 to 128 characters of visible ASCII";
  const std::string deadline_rule = "deadline_ms: give a whole number, 1 or more";
  const std::string fields_rule = "fields: give an array of token, redirect_url";
  const auto with = [](std::string more) { return R"({"account":"se-1",)" + more + "}"; };
  const struct {
    std::string json, complaint;
  } table[] = {
      {"", no_object},
      {" ", no_object},
      {"{", no_object},
      {"se-1", no_object},
      {R"({"account":"se-1"} x)", no_object},
      {R"({"account":"se-1"}{})", no_object},
      {R"({"account":"se-1",})", no_object},
      {R"({'account':'se-1'})", no_object},
      {R"({account:"se-1"})", no_object},
      {"{\"account\":\"se-1\xff\"}", no_object},
      {"{\"account\":\"se-1\n\"}", no_object},
      {R"({"account":"\ud800"})", no_object},
      {with(R"("x":)" + std::string(2'000, '[') + std::string(2'000, ']')), no_object},
      {std::string(4'000, '['), no_object},
      {"account=se-1", no_object},
      {"[]", no_object},
      {"\"se-1\"", no_object},
      {"1", no_object},
      {"null", no_object},
      {R"([{"account":"se-1"}])", no_object},
      {"{}", "account: is missing"},
      {R"({"priority":"background"})", "account: is missing"},
      {R"({"account":1})", account_rule},
      {R"({"account":null})", account_rule},
      {R"({"account":["se-1"]})", account_rule},
      {R"({"account":""})", account_rule},
      {R"({"account":"se 1"})", account_rule},
      {R"({"account":"se-1\u0000"})", account_rule},
      {R"({"account":"se-1\r\nX: y"})", account_rule},
      {R"({"account":"sé"})", account_rule},
      {R"({"account":")" + std::string(129, 'a') + "\"}", account_rule},
      {with(R"("account":"se-2")"), R"(a member comes twice: "account")"},
      {with(R"("account":"se-1")"), R"(a member comes twice: "account")"},
      {with(R"("\u0061ccount":"se-2")"), R"(a member comes twice: "account")"},
      {with(R"("deadline_ms":5,"deadline_ms":5)"), R"(a member comes twice: "deadline_ms")"},
      {with(R"("Account":"se-2")"), R"(unknown member: "Account")"},
      {with(R"("":1)"), R"(unknown member: "")"},
      {with(R"("token":true)"), R"(unknown member: "token")"},
      {with("\"" + std::string(100, 'x') + "\":1"), "unknown member: \"" + std::string(64, 'x') + "\""},
      {with(R"("priority":"urgent")"), "priority: give interactive or background"},
      {with(R"("priority":"Interactive")"), "priority: give interactive or background"},
      {with(R"("priority":0)"), "priority: give interactive or background"},
      {with(R"("deadline_ms":0)"), deadline_rule},
      {with(R"("deadline_ms":-1)"), deadline_rule},
      {with(R"("deadline_ms":18446744073709551615)"), deadline_rule},
      {with(R"("deadline_ms":5.5)"), deadline_rule},
      {with(R"("deadline_ms":5e3)"), deadline_rule},
      {with(R"("deadline_ms":"5000")"), deadline_rule},
      {with(R"("deadline_ms":true)"), deadline_rule},
      {with(R"("deadline_ms":null)"), deadline_rule},
      {with(R"("redirect_to":"admin")"), "redirect_to: give carriers, billing or onboarding"},
      {with(R"("redirect_to":"")"), "redirect_to: give carriers, billing or onboarding"},
      {with(R"("redirect_to":"https://evil.example")"), "redirect_to: give carriers, billing or onboarding"},
      {with(R"("redirect_to":null)"), "redirect_to: give carriers, billing or onboarding"},
      {with(R"("theme_id":"")"), "theme_id: give a UUID"},
      {with(R"("theme_id":"a&redirect_to=x")"), "theme_id: give a UUID"},
      {with(R"("theme_id":7)"), "theme_id: give a UUID"},
      {with(R"("fields":"token")"), fields_rule},
      {with(R"("fields":{"token":true})"), fields_rule},
      {with(R"("fields":["login_url"])"), fields_rule},
      {with(R"("fields":["token","api_key"])"), fields_rule},
      {with(R"("fields":[1])"), fields_rule},
      {with(R"("fields":null)"), fields_rule},
  };
  for (const auto& [json, complaint] : table) EXPECT_EQ(complaint_about_mint(json), complaint) << json;
}

TEST(MintBody, shortest_and_longest_are_taken) {
  EXPECT_EQ(complaint_about_mint(R"({"account":")" + std::string(128, '~') + R"(","deadline_ms":1})"),
            "none");
  EXPECT_EQ(complaint_about_mint(R"({"account":"!","deadline_ms":8000})"), "none");
}

TEST(MintBody, deadline_beyond_the_gateways_is_the_gateways) {
  for (const char* const more : {"8001", "9223372036854775807"})
    EXPECT_EQ(read_mint_body(R"({"account":"se-1","deadline_ms":)" + std::string{more} + "}", 8s).deadline,
              std::chrono::milliseconds{8s});
}

// behaviours: G22
TEST(MintBody, log_gets_none_of_the_senders_words) {
  try {
    read_mint_body(R"({"planted":1})", 8s);
    FAIL();
  } catch (const bad_body& bad) {
    EXPECT_EQ(bad.why(), "unknown member");
  }
}

TEST(EstimateBody, priority_is_read_and_may_be_left_out) {
  EXPECT_EQ(read_estimate_body("{}"), priority::interactive);
  EXPECT_EQ(read_estimate_body(R"({"priority":"interactive"})"), priority::interactive);
  EXPECT_EQ(read_estimate_body(R"({"priority":"background"})"), priority::background);
}

// behaviours: G4
TEST(EstimateBody, anything_else_is_refused) {
  const struct {
    const char *json, *complaint;
  } table[] = {
      {"", "the body isn't a JSON object in UTF-8"},
      {"[]", "the body isn't a JSON object in UTF-8"},
      {R"({"account":"se-1"})", R"(unknown member: "account")"},
      {R"({"priority":"x"})", "priority: give interactive or background"},
      {R"({"priority":"background","priority":"background"})", R"(a member comes twice: "priority")"},
  };
  for (const auto& [json, complaint] : table) EXPECT_EQ(complaint_about_estimate(json), complaint) << json;
}

}  // namespace
}  // namespace ephemint::gateway
