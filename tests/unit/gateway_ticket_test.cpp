#include "support/signed_ticket.hpp"
#include "tickets/link_ticket.hpp"
#include "tickets/signing.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::gateway {
namespace {

using namespace std::chrono_literals;
using test::signed_ticket;
using test::ticket_claims_with;
using test::ticket_header;

const wall_clock::time_point issued{1'800'000'000s};

std::vector<link_key> two_keys() {
  std::vector<link_key> keys;
  keys.push_back({"k1", secret{test::ticket_key.reveal()}});
  keys.push_back({"k2", secret{"another key, of thirty-two or so"}});
  return keys;
}

ticket_reading read(std::string_view text, wall_clock::time_point now = issued + 1s,
                    std::chrono::seconds max_age = 60s) {
  static const std::vector<link_key> keys = two_keys();
  return read_ticket(text, keys, {.audience = "https://login.test", .max_age = max_age}, now);
}

/// `good`, `refused` or `ill_formed`; checks that there is either a ticket or a fault.
std::string_view outcome_of(const ticket_reading& reading) {
  EXPECT_NE(reading.ticket.has_value(), reading.fault.has_value());
  if (reading.ticket) return "good";
  EXPECT_FALSE(reading.fault->why.empty());
  return reading.fault->what == ticket_fault::kind::refused ? "refused" : "ill_formed";
}

std::string_view outcome_of_claims(std::string_view claims) {
  return outcome_of(read(signed_ticket(ticket_header, claims)));
}

const std::string good = signed_ticket(ticket_header, ticket_claims_with({}));

TEST(gateway_ticket, good_ticket_says_who_goes_where) {
  const auto reading = read(signed_ticket(
      ticket_header, ticket_claims_with({{"redirect_to", "\"billing\""},
                                         {"theme_id", "\"123e4567-E89B-12d3-a456-426614174000\""},
                                         {"nbf", "1800000000"}})));
  ASSERT_TRUE(reading.ticket) << reading.fault->why;
  EXPECT_EQ(reading.ticket->account, "se-1");
  EXPECT_EQ(reading.ticket->redirect_to, portal_page::billing);
  EXPECT_EQ(reading.ticket->theme_id, "123e4567-E89B-12d3-a456-426614174000");
  EXPECT_EQ(reading.ticket->id, "abcdefghijklmnop");
  EXPECT_EQ(reading.ticket->issued_at, issued);
  EXPECT_EQ(reading.ticket->expires_at, issued + 60s);
}

TEST(gateway_ticket, whether_it_has_expired_is_not_looked_at) {
  const auto reading = read(good, issued + 1h);
  ASSERT_TRUE(reading.ticket);
  EXPECT_TRUE(is_over(*reading.ticket, issued + 60s));
  EXPECT_FALSE(is_over(*reading.ticket, issued + 60s - 1ns));
}

// behaviours: G8
TEST(gateway_ticket, header_is_one_of_few) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"alg":"HS256","kid":"k1","typ":"JWT"})", "good"},
      {R"({"typ":"JWT","alg":"HS256","kid":"k1"})", "good"},
      {R"({"kid":"k1","alg":"HS256"})", "good"},
      {R"( { "alg" : "HS256" ,
             "kid" : "k1" } )",
       "good"},
      {R"({"alg":"HS256","kid":"k1","typ":"jwt"})", "refused"},
      {R"({"alg":"none","kid":"k1"})", "refused"},
      {R"({"alg":"hs256","kid":"k1"})", "refused"},
      {R"({"alg":"HS384","kid":"k1"})", "refused"},
      {R"({"alg":"RS256","kid":"k1"})", "refused"},
      {R"({"alg":null,"kid":"k1"})", "refused"},
      {R"({"alg":["HS256"],"kid":"k1"})", "refused"},
      {R"({"alg":"HS256","alg":"HS256","kid":"k1"})", "refused"},
      {R"({"alg":"none","alg":"HS256","kid":"k1"})", "refused"},
      {R"({"alg":"HS256","\u0061lg":"HS256","kid":"k1"})", "refused"},
      {R"({"alg":"HS256","kid":"k1","kid":"k1"})", "refused"},
      {R"({"alg":"HS256","kid":"k1","typ":"JWT","typ":"JWT"})", "refused"},
      {R"({"kid":"k1","typ":"JWT"})", "refused"},
      {R"({"alg":"HS256","typ":"JWT"})", "refused"},
      {R"({"alg":"HS256","kid":"k3"})", "refused"},
      {R"({"alg":"HS256","kid":"K1"})", "refused"},
      {R"({"alg":"HS256","kid":"k2"})", "refused"},  // the other key's signature
      {R"({"alg":"HS256","kid":""})", "refused"},
      {R"({"alg":"HS256","kid":1})", "refused"},
      {R"({"alg":"HS256","kid":{"k1":1}})", "refused"},
      {R"({"alg":"HS256","kid":"k1\u0000"})", "refused"},
      {R"({"alg":"HS256","kid":"k1","crit":["exp"]})", "refused"},
      {R"({"alg":"HS256","kid":"k1","cty":"JWT"})", "refused"},
      {R"({"alg":"HS256","kid":"k1","jwk":{"kty":"oct"}})", "refused"},
      {R"({"alg":"HS256","kid":"k1"} )", "good"},
      {R"({"alg":"HS256","kid":"k1"}})", "refused"},
      {R"([{"alg":"HS256","kid":"k1"}])", "refused"},
      {"\xef\xbb\xbf{\"alg\":\"HS256\",\"kid\":\"k1\"}", "refused"},
      {"\"HS256\"", "refused"},
      {"{}", "refused"},
      {"", "refused"},
  };
  for (const auto& [header, outcome] : cases)
    EXPECT_EQ(outcome_of(read(signed_ticket(header, ticket_claims_with({})))), outcome) << header;
}

TEST(gateway_ticket, each_key_opens_what_it_has_signed) {
  const auto keys = two_keys();
  const std::string by_second =
      signed_ticket(R"({"alg":"HS256","kid":"k2"})", ticket_claims_with({}), keys[1].text);
  EXPECT_EQ(outcome_of(read(by_second)), "good");
  EXPECT_EQ(outcome_of(read_ticket(by_second, std::span{keys}.first(1), {"https://login.test", 60s}, issued)),
            "refused")
      << "the key was taken away";
  EXPECT_EQ(outcome_of(read_ticket(good, {}, {"https://login.test", 60s}, issued)), "refused");
}

// behaviours: G8
TEST(gateway_ticket, no_flipped_bit_goes_unnoticed) {
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = good;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_EQ(outcome_of(read(changed)), "refused") << i << ' ' << bit;
    }
  }
}

TEST(gateway_ticket, no_cut_or_added_character_goes_unnoticed) {
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_EQ(outcome_of(read(good.substr(0, i))), "refused") << i;
    EXPECT_EQ(outcome_of(read(good.substr(i + 1))), "refused") << i;
    for (const char c : {'.', ' ', '=', '+', '/', 'A', '\0', '\n', '%'}) {
      std::string changed = good;
      EXPECT_EQ(outcome_of(read(changed.insert(i, 1, c))), "refused") << i << c;
    }
  }
  for (const char* behind : {".", "..", "=", "==", " ", "\n", "A"})
    EXPECT_EQ(outcome_of(read(good + behind)), "refused") << behind;
  EXPECT_EQ(outcome_of(read(good.substr(0, good.rfind('.') + 1))), "refused") << "without a signature";
}

TEST(gateway_ticket, nonsense_is_refused) {
  for (const std::string_view text : {"", ".", "..", "...", "a", "a.b", "a.b.c", "=.=.=", "\xff.\xff.\xff"})
    EXPECT_EQ(outcome_of(read(text)), "refused") << text;
}

TEST(gateway_ticket, long_text_is_refused_unread) {
  // Blanks between claims are JSON, so only the length is wrong.
  const auto of_size = [](std::size_t padding) {
    return signed_ticket(ticket_header, ticket_claims_with({}) + std::string(padding, ' '));
  };
  std::size_t padding = 0;
  while (of_size(padding + 1).size() <= 2048) ++padding;
  EXPECT_EQ(outcome_of(read(of_size(padding))), "good");
  EXPECT_EQ(outcome_of(read(of_size(padding + 1))), "refused");
  EXPECT_EQ(outcome_of(read(std::string(1'000'000, 'A'))), "refused");
}

TEST(gateway_ticket, signed_but_not_of_base64url_is_ill_formed) {
  const std::string header = base64url(ticket_header);
  for (const char* claims : {"e30=", "e3 0", "e+30", "e/30", "A", "e31"}) {
    const std::string text = header + '.' + claims;
    EXPECT_EQ(outcome_of(read(text + '.' + hs256(test::ticket_key, text))), "ill_formed") << claims;
  }
}

struct claim_case {
  std::string name, value, outcome;
};

// behaviours: G8
TEST(gateway_ticket, each_claim_has_its_form) {
  const std::string utf8 = "\xc3\xa9";
  const claim_case cases[] = {
      {"sub", "", "ill_formed"},
      {"sub", "\"\"", "ill_formed"},
      {"sub", "7", "ill_formed"},
      {"sub", "null", "ill_formed"},
      {"sub", "[\"se-1\"]", "ill_formed"},
      {"sub", "\"se 1\"", "ill_formed"},
      {"sub", "\"se-1\\u0000\"", "ill_formed"},
      {"sub", "\"se-1\\r\\nX: y\"", "ill_formed"},
      {"sub", '"' + utf8 + '"', "ill_formed"},
      {"sub", '"' + std::string(128, 'x') + '"', "good"},
      {"sub", '"' + std::string(129, 'x') + '"', "ill_formed"},
      {"sub", "\"se\\u002d1\"", "good"},
      {"aud", "", "ill_formed"},
      {"aud", "\"\"", "ill_formed"},
      {"aud", "1", "ill_formed"},
      {"aud", "[]", "ill_formed"},
      {"aud", "[1]", "ill_formed"},
      {"aud", "[\"https://login.test\"]", "good"},  // as Go's library writes it
      {"aud", "[\"https://login.test\",\"https://login.test\"]", "ill_formed"},
      {"aud", "[\"https://other.test\"]", "refused"},
      {"aud", "\"https://other.test\"", "refused"},
      {"aud", "\"https://login.test/\"", "refused"},
      {"aud", "\"https://login.test.evil.test\"", "refused"},
      {"aud", "\"HTTPS://LOGIN.TEST\"", "refused"},
      {"jti", "", "ill_formed"},
      {"jti", "\"\"", "ill_formed"},
      {"jti", "1234567890123456", "ill_formed"},
      {"jti", '"' + std::string(15, 'x') + '"', "ill_formed"},
      {"jti", '"' + std::string(16, 'x') + '"', "good"},
      {"jti", '"' + std::string(64, '_') + '"', "good"},
      {"jti", '"' + std::string(65, 'x') + '"', "ill_formed"},
      {"jti", "\"abcdefgh.ijklmnop\"", "ill_formed"},
      {"jti", "\"abcdefgh ijklmnop\"", "ill_formed"},
      {"jti", "\"abcdefgh\\u0000ijklmnop\"", "ill_formed"},
      {"redirect_to", "\"carriers\"", "good"},
      {"redirect_to", "\"onboarding\"", "good"},
      {"redirect_to", "\"\"", "ill_formed"},
      {"redirect_to", "\"Billing\"", "ill_formed"},
      {"redirect_to", "\"https://evil.test\"", "ill_formed"},
      {"redirect_to", "null", "ill_formed"},
      {"redirect_to", "true", "ill_formed"},
      {"theme_id", "\"123e4567-e89b-12d3-a456-426614174000\"", "good"},
      {"theme_id", "\"\"", "ill_formed"},
      {"theme_id", "\"{123e4567-e89b-12d3-a456-426614174000}\"", "ill_formed"},
      {"theme_id", "\"123e4567-e89b-12d3-a456-42661417400g\"", "ill_formed"},
      {"theme_id", "\"123e4567e89b-12d3-a456-4266141740000\"", "ill_formed"},
      {"theme_id", "null", "ill_formed"},
      {"iss", "\"app\"", "ill_formed"},
      {"Sub", "\"se-1\"", "ill_formed"},
      {"sub\\u0000", "\"se-1\"", "ill_formed"},
      {"", "\"\"", "ill_formed"},
      {"x", "{\"a\":[1]}", "ill_formed"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(outcome_of_claims(ticket_claims_with({{c.name, c.value}})), c.outcome) << c.name << c.value;
}

// behaviours: G8
TEST(gateway_ticket, times_are_numeric_dates) {
  const claim_case cases[] = {
      {"iat", "", "ill_formed"},
      {"iat", "\"1800000000\"", "ill_formed"},
      {"iat", "null", "ill_formed"},
      {"iat", "1.8e9", "good"},
      {"iat", "1800000000.75", "good"},
      {"iat", "1800000006", "good"},  // 5 s ahead of a clock that says :01
      {"iat", "1800000006.001", "refused"},
      {"iat", "1800000007", "refused"},
      {"iat", "1799999999.9997", "good"},  // to the millisecond
      {"iat", "1799999999.999", "refused"},
      {"iat", "1799999999", "refused"},  // 61 s
      {"iat", "0", "refused"},
      {"iat", "-1", "refused"},
      {"iat", "-9223372036854775808", "refused"},
      {"iat", "18446744073709551615", "refused"},
      {"iat", "1e308", "refused"},
      {"iat", "-1e308", "refused"},
      {"iat", "1e400", "ill_formed"},
      {"iat", "99999999999999999999", "ill_formed"},
      {"iat", "01800000000", "ill_formed"},
      {"iat", "NaN", "ill_formed"},
      {"iat", "0x6b49d200", "ill_formed"},
      {"exp", "", "ill_formed"},
      {"exp", "\"1800000060\"", "ill_formed"},
      {"exp", "true", "ill_formed"},
      {"exp", "1800000060.0", "good"},
      {"exp", "1800000000.001", "good"},
      {"exp", "1800000000", "refused"},
      {"exp", "1799999999", "refused"},
      {"exp", "1800000060.001", "refused"},
      {"exp", "1800000061", "refused"},
      {"exp", "1e308", "refused"},
      {"exp", "-1e308", "refused"},
      {"exp", "18446744073709551615", "refused"},
      {"exp", "0", "refused"},
      {"nbf", "1800000000", "good"},
      {"nbf", "0", "good"},
      {"nbf", "-1e308", "good"},
      {"nbf", "1800000006", "good"},
      {"nbf", "1800000007", "refused"},
      {"nbf", "1e308", "refused"},
      {"nbf", "\"0\"", "ill_formed"},
      {"nbf", "null", "ill_formed"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(outcome_of_claims(ticket_claims_with({{c.name, c.value}})), c.outcome) << c.name << c.value;
}

TEST(gateway_ticket, both_times_beyond_all_clocks_are_refused) {
  for (const char* time : {"1e308", "-1e308", "9e18", "-9e18", "9223372036854775807", "1e15", "-1e15"})
    EXPECT_EQ(outcome_of_claims(ticket_claims_with({{"iat", time}, {"exp", time}})), "refused") << time;
  EXPECT_EQ(outcome_of_claims(ticket_claims_with({{"iat", "-1000"}, {"exp", "-950"}})), "refused");
  const auto old = read(signed_ticket(ticket_header, ticket_claims_with({{"iat", "0"}, {"exp", "1"}})));
  ASSERT_TRUE(old.ticket);
  EXPECT_TRUE(is_over(*old.ticket, issued));
}

TEST(gateway_ticket, life_is_bounded_by_the_rules) {
  const std::string longest = signed_ticket(ticket_header, ticket_claims_with({{"exp", "1800000300"}}));
  EXPECT_EQ(outcome_of(read(longest, issued, 300s)), "good");
  EXPECT_EQ(outcome_of(read(longest, issued, 299s)), "refused");
}

TEST(gateway_ticket, claims_that_come_twice_are_ill_formed) {
  const std::string claims = ticket_claims_with({});
  for (const char* twice :
       {R"("sub":"se-1")", R"("sub":"se-2")", R"("exp":1800000060)", R"("s\u0075b":"se-1")",
        R"("aud":"https://login.test")", R"("jti":"abcdefghijklmnop")"})
    EXPECT_EQ(outcome_of_claims(claims.substr(0, claims.size() - 1) + ',' + twice + '}'), "ill_formed")
        << twice;
}

TEST(gateway_ticket, claims_that_are_no_object_are_ill_formed) {
  const std::string claims = ticket_claims_with({});
  const std::string depth_bombs[] = {std::string(1200, '['), "{\"sub\":" + std::string(1000, '['),
                                     "{\"x\":" + std::string(500, '[') + std::string(500, ']') + "}"};
  for (const auto& bomb : depth_bombs) EXPECT_EQ(outcome_of_claims(bomb), "ill_formed");
  for (const std::string& text :
       {std::string{}, std::string{"{"}, std::string{"{}"}, std::string{"[]"}, std::string{"null"},
        std::string{"\"se-1\""}, '[' + claims + ']', claims + claims, claims + ',', "\xef\xbb\xbf" + claims,
        claims.substr(1), claims.substr(0, claims.size() - 1), std::string(3, '\0'), claims + '\0'})
    EXPECT_EQ(outcome_of_claims(text), "ill_formed") << text;
  EXPECT_EQ(outcome_of_claims(ticket_claims_with({{"sub", "\"\xff\""}})), "ill_formed") << "not UTF-8";
  EXPECT_EQ(outcome_of_claims(ticket_claims_with({{"sub", "\"\xed\xa0\x80\""}})), "ill_formed")
      << "a surrogate";
}

// behaviours: G21
TEST(gateway_ticket, nothing_of_the_ticket_is_in_what_the_log_is_told) {
  const std::string texts[] = {signed_ticket(R"({"alg":"HS256","kid":"planted"})", ticket_claims_with({})),
                               signed_ticket(ticket_header, ticket_claims_with({{"sub", "\"planted \""}})),
                               signed_ticket(ticket_header, ticket_claims_with({{"planted", "1"}})),
                               signed_ticket(ticket_header, ticket_claims_with({{"aud", "\"planted\""}})),
                               signed_ticket(ticket_header, "planted"),
                               "planted"};
  for (const auto& text : texts) {
    const auto reading = read(text);
    ASSERT_TRUE(reading.fault);
    EXPECT_EQ(reading.fault->why.find("planted"), std::string::npos) << reading.fault->why;
  }
}

TEST(gateway_signing, base64url_as_in_rfc_4648) {
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
  for (const std::string_view bad : {"Z", "Zg==", "Zh", "Zm9", "Z g", " Zm9v", "Zm9v\n", "+/+/", "Zm9vA",
                                     "Zm9v.", "=", "====", "Zg==Zg==", "Zm-=", "\xff\xff\xff\xff"})
    EXPECT_EQ(base64url_decoded(bad), std::nullopt) << bad;
}

TEST(gateway_signing, hs256_as_in_rfc_4231) {
  EXPECT_EQ(hs256(secret{"Jefe"}, "what do ya want for nothing?"),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
}

}  // namespace
}  // namespace ephemint::gateway
