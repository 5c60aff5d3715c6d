#include "jwt.hpp"

#include <gtest/gtest.h>

#include <set>

namespace ephemint::sandbox {
namespace {

using namespace std::chrono_literals;

const wall_clock::time_point noon{1'800'000'000'250ms};

std::string payload_of(const std::string& token) {
  const std::size_t first = token.find('.');
  return base64url_decoded(token.substr(first + 1, token.rfind('.') - first - 1)).value_or("?");
}

TEST(sandbox_jwt, token_says_for_whom_and_how_long) {
  const token_signer signer;
  const std::string token = signer.sign("se-1", noon, 10s);
  EXPECT_EQ(token.substr(0, token.find('.')), "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9");
  const std::string payload = payload_of(token);
  EXPECT_TRUE(payload.starts_with(R"({"account":"se-1","iat":1800000000.250,"exp":1800000010.250,"jti":")"))
      << payload;
}

TEST(sandbox_jwt, token_lives_to_its_last_millisecond) {
  const token_signer signer;
  const std::string token = signer.sign("se-1", noon, 10s);
  EXPECT_EQ(signer.verify(token, noon).fault, token_fault::none);
  const token_check last = signer.verify(token, noon + 9999ms);
  EXPECT_EQ(last.fault, token_fault::none);
  EXPECT_EQ(last.claims->account, "se-1");
  EXPECT_EQ(last.claims->expires_at - noon, 10s);
  EXPECT_EQ(signer.verify(token, noon + 10s).fault, token_fault::expired);
}

TEST(sandbox_jwt, no_changed_character_goes_unnoticed) {
  const token_signer signer;
  const std::string token = signer.sign("se-1", noon, 10s);
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(signer.verify(changed, noon).fault, token_fault::none) << i;
  }
  for (std::size_t i = 0; i < token.size(); ++i)
    EXPECT_NE(signer.verify(token.substr(0, i), noon).fault, token_fault::none) << i;
}

TEST(sandbox_jwt, token_of_another_server_is_forged) {
  EXPECT_EQ(token_signer{}.verify(token_signer{}.sign("se-1", noon, 10s), noon).fault, token_fault::forged);
}

TEST(sandbox_jwt, token_can_not_choose_its_algorithm) {
  const token_signer signer;
  const std::string token = signer.sign("se-1", noon, 10s);
  const std::string payload = token.substr(token.find('.'), token.rfind('.') - token.find('.'));
  for (std::string_view header : {R"({"alg":"none","typ":"JWT"})", R"({"alg":"none"})", "{}", ""})
    EXPECT_NE(signer.verify(base64url(header) + payload + ".", noon).fault, token_fault::none) << header;
}

TEST(sandbox_jwt, nonsense_is_malformed) {
  const token_signer signer;
  for (std::string_view text : {"", ".", "..", "...", "abc", "a.b", "\xff.\xff.\xff"})
    EXPECT_NE(signer.verify(text, noon).fault, token_fault::none) << text;
}

TEST(sandbox_jwt, every_account_comes_back_as_it_was) {
  const token_signer signer;
  for (std::string_view account : {"242822", "se-1", "\"", "\\", "\\\"<>&'", "!~"}) {
    const token_check checked = signer.verify(signer.sign(account, noon, 10s), noon);
    ASSERT_TRUE(checked.claims) << account;
    EXPECT_EQ(checked.claims->account, account);
  }
}

TEST(sandbox_jwt, no_two_tokens_are_alike) {
  const token_signer signer;
  std::set<std::string> tokens;
  for (int i = 0; i < 100; ++i) tokens.insert(signer.sign("se-1", noon, 10s));
  EXPECT_EQ(tokens.size(), 100U);
}

TEST(sandbox_jwt, base64url_as_in_rfc_4648) {
  const std::pair<std::string_view, std::string_view> cases[] = {{"", ""},
                                                                 {"f", "Zg"},
                                                                 {"fo", "Zm8"},
                                                                 {"foo", "Zm9v"},
                                                                 {"foobar", "Zm9vYmFy"},
                                                                 {"\xff\xef\xbe", "_---"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64url(bytes), text);
    EXPECT_EQ(base64url_decoded(text), bytes);
  }
  for (std::string_view bad : {"Z", "Zg==", "Zh", "Zm9", "Z g", "+/+/", "Zm9vA"}) {
    EXPECT_EQ(base64url_decoded(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace ephemint::sandbox
