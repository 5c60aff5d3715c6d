#include "text/origin.hpp"
#include "text/words.hpp"
#include "tickets/link_keys.hpp"
#include "tickets/link_ticket.hpp"
#include "tickets/signing.hpp"

#include <ephemint/gateway/login_link.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::gateway {
namespace {

using namespace std::chrono_literals;

const wall_clock::time_point noon{1'800'000'000'750ms};
constexpr const char* letters = "0123456789abcdef0123456789abcdef";

std::string complaint(const std::function<void()>& step) {
  try {
    step();
  } catch (const std::invalid_argument& wrong) {
    return wrong.what();
  }
  return {};
}

link_key key_of(std::string kid, std::string_view text = letters) { return {std::move(kid), secret{text}}; }

/// The three parts of a link's ticket, the first two decoded.
struct parts_of {
  explicit parts_of(std::string_view link) {
    const std::string_view ticket = link.substr(link.rfind('/') + 1);
    const std::size_t first = ticket.find('.'), second = ticket.rfind('.');
    header = base64url_decoded(ticket.substr(0, first)).value_or("?");
    claims = base64url_decoded(ticket.substr(first + 1, second - first - 1)).value_or("?");
    text = ticket;
  }
  std::string header, claims, text;
};

TEST(gateway_login_link, link_is_a_jwt_behind_the_gateways_origin) {
  const std::string link =
      make_login_link({.account = "se-1"}, key_of("k1"), "https://Login.Example.com/", noon);
  EXPECT_TRUE(link.starts_with(
      "https://login.example.com/login/eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0."))
      << link;
  const parts_of parts{link};
  EXPECT_EQ(parts.header, R"({"alg":"HS256","kid":"k1","typ":"JWT"})");
  const std::string before =
      R"({"sub":"se-1","aud":"https://login.example.com","iat":1800000000,"exp":1800000060,"jti":")";
  EXPECT_EQ(parts.claims.substr(0, before.size()), before);
  EXPECT_EQ(parts.claims.size(), before.size() + 22 + 2) << "128 bits, and the end";
}

TEST(gateway_login_link, link_says_what_was_asked_for) {
  const std::string link = make_login_link({.account = "se-1",
                                            .redirect_to = portal_page::onboarding,
                                            .theme_id = "123e4567-e89b-12d3-a456-426614174000",
                                            .max_age = 300s},
                                           key_of("k1"), "http://127.0.0.1:8081", noon);
  const parts_of parts{link};
  EXPECT_NE(parts.claims.find(R"("exp":1800000300,)"), std::string::npos);
  EXPECT_TRUE(parts.claims.ends_with(
      R"(,"redirect_to":"onboarding","theme_id":"123e4567-e89b-12d3-a456-426614174000"})"))
      << parts.claims;
}

TEST(gateway_login_link, every_link_is_read_as_it_was_meant) {
  std::vector<link_key> keys;
  keys.push_back(key_of(std::string(64, '.'), std::string(512, '~')));
  const std::string longest(128, '"');
  for (const std::string_view account : {std::string_view{"242822"}, std::string_view{"\"\\<>&'"},
                                         std::string_view{"!~"}, std::string_view{longest}}) {
    const login_link asked{.account = account,
                           .redirect_to = portal_page::billing,
                           .theme_id = "123e4567-e89b-12d3-a456-426614174000",
                           .max_age = 300s};
    const std::string origin = "https://" + std::string(63, 'a') + '.' + std::string(63, 'b') + '.' +
                               std::string(63, 'c') + '.' + std::string(61, 'd') + ":65535";
    const parts_of parts{make_login_link(asked, keys.front(), origin, noon)};
    const auto reading = read_ticket(parts.text, keys, {.audience = origin, .max_age = 300s}, noon);
    ASSERT_TRUE(reading.ticket) << reading.fault->why << account;
    EXPECT_EQ(reading.ticket->account, account);
    EXPECT_EQ(reading.ticket->redirect_to, asked.redirect_to);
    EXPECT_EQ(reading.ticket->theme_id, asked.theme_id);
  }
}

TEST(gateway_login_link, no_two_links_are_alike) {
  std::set<std::string> links;
  for (int i = 0; i < 100; ++i)
    links.insert(make_login_link({.account = "se-1"}, key_of("k1"), "https://login.test", noon));
  EXPECT_EQ(links.size(), 100u);
}

TEST(gateway_login_link, what_cannot_be_is_named) {
  const auto complaint_of = [](const login_link& link, std::string_view url = "https://login.test",
                               const link_key& key = key_of("k1")) {
    return complaint([&] { make_login_link(link, key, url, noon); });
  };
  const std::string account = "account: can't be asked for; give 1 to 128 characters of visible ASCII";
  EXPECT_EQ(complaint_of({.account = ""}), account);
  EXPECT_EQ(complaint_of({.account = "se 1"}), account);
  EXPECT_EQ(complaint_of({.account = std::string(129, 'x')}), account);
  EXPECT_EQ(complaint_of({.account = "se-1", .redirect_to = static_cast<portal_page>(7)}),
            "redirect_to: is not a page; give carriers, billing or onboarding");
  EXPECT_EQ(complaint_of({.account = "se-1", .theme_id = "x"}),
            "theme_id: is not a UUID; give one like 123e4567-e89b-12d3-a456-426614174000");
  for (const std::chrono::seconds age : {0s, -1s, 301s})
    EXPECT_EQ(complaint_of({.account = "se-1", .max_age = age}), "max_age: can't be; give 1 s to 300 s");
  EXPECT_EQ(complaint_of({.account = "se-1"}, "https://login.test", key_of("k1", "short")),
            "link_key: has a secret that is too short or too long; give 32 to 512 characters");
  EXPECT_EQ(complaint_of({.account = "se-1"}, "http://login.test"),
            "public_url: is http, which is for loopback hosts alone; give an origin like "
            "https://login.example.com");
}

TEST(gateway_origin, origin_is_as_browsers_write_it) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://login.example.com", "https://login.example.com"},
      {"https://login.example.com/", "https://login.example.com"},
      {"HTTPS://Login.Example.COM", "https://login.example.com"},
      {"https://login.example.com:443", "https://login.example.com"},
      {"https://login.example.com:8443/", "https://login.example.com:8443"},
      {"https://login.example.com:80", "https://login.example.com:80"},
      {"https://10.0.0.1:8443", "https://10.0.0.1:8443"},
      {"https://[2001:db8::1]", "https://[2001:db8::1]"},
      {"http://localhost", "http://localhost"},
      {"http://LOCALHOST:80", "http://localhost"},
      {"http://localhost:443", "http://localhost:443"},
      {"http://127.0.0.1:40123", "http://127.0.0.1:40123"},
      {"http://[::1]:40123", "http://[::1]:40123"},
  };
  for (const auto& [text, origin] : cases) EXPECT_EQ(checked_origin(text, "public_url"), origin);
}

TEST(gateway_origin, what_is_no_origin_is_refused) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "is not a URL"},
      {"login.example.com", "is not a URL"},
      {"/login", "is not a URL"},
      {"https://login example.com", "is not a URL"},
      {"https://login.example.com\r\n", "is not a URL"},
      {"ftp://login.example.com", "is not an https URL"},
      {"login.example.com:443", "is not an https URL"},
      {"https://login.example.com/login", "has more than a scheme, a host and a port"},
      {"https://login.example.com//", "has more than a scheme, a host and a port"},
      {"https://login.example.com?", "has more than a scheme, a host and a port"},
      {"https://login.example.com#x", "has more than a scheme, a host and a port"},
      {"https://user@login.example.com", "has more than a scheme, a host and a port"},
      {"https://user:password@login.example.com", "has more than a scheme, a host and a port"},
      {"https://@login.example.com", "has more than a scheme, a host and a port"},
      {"https:login.example.com", "has more than a scheme, a host and a port"},
      {"http://login.example.com", "is http, which is for loopback hosts alone"},
      {"http://localhost.example.com", "is http, which is for loopback hosts alone"},
      {"http://10.0.0.1", "is http, which is for loopback hosts alone"},
      {"https://login.example.com:0", "has a port that is not 1 to 65535"},
      {"https://login.example.com:65536", "has a port that is not 1 to 65535"},
      {"https://login.example.com:99999", "has a port that is not 1 to 65535"},
      {"https://", "has no host name or address"},
      {"https:///", "has no host name or address"},
      {"https://:443", "has no host name or address"},
      {"https://login%2eexample.com%00", "has no host name or address"},
      {"https://log'in.example.com", "has no host name or address"},
      {"https://*.example.com", "has no host name or address"},
  };
  for (const auto& [text, why] : cases) {
    const std::string said = complaint([&] { checked_origin(text, "--public-url"); });
    EXPECT_TRUE(said.starts_with("--public-url: ") &&
                said.ends_with("; give an origin like https://login.example.com"))
        << text << said;
    EXPECT_EQ(said.substr(14, said.find(';') - 14), why) << text;
  }
  // Boost's releases read it differently.
  EXPECT_FALSE(complaint([] { checked_origin("http://127.0.0.1.example.com", "--public-url"); }).empty());
}

TEST(gateway_link_keys, lines_are_keys_and_the_first_one_is_first) {
  const auto keys = parse_link_keys(
      "# ours\n"
      "\n"
      "2026-11 0123456789abcdef0123456789abcdef\r\n"
      "  \t\n"
      "\told_1.x\t ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ \n"
      "  # k 0\n"
      "last 0123456789abcdef0123456789abcde#");
  ASSERT_EQ(keys.size(), 3u);
  EXPECT_EQ(keys[0].kid, "2026-11");
  EXPECT_EQ(keys[0].text.reveal(), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(keys[1].kid, "old_1.x");
  EXPECT_EQ(keys[1].text.reveal(), std::string(32, '~'));
  EXPECT_EQ(keys[2].text.reveal(), "0123456789abcdef0123456789abcde#") << "its characters are its bytes";
}

TEST(gateway_link_keys, wrong_line_is_named_without_its_secret) {
  const std::string good = "k1 " + std::string(letters) + '\n';
  const std::string length = " has a secret that is too short or too long; give 32 to 512 characters";
  const std::string kid = " has a kid that can't be; give 1 to 64 of A-Z a-z 0-9 _ - .";
  const std::string form = " is not a kid and its secret; give those two words";
  const std::pair<std::string, std::string> cases[] = {
      {"", "there is no link key; give lines of a kid and its secret"},
      {"# none\n\n", "there is no link key; give lines of a kid and its secret"},
      {"planted\n", "line 1" + form},
      {good + "\nk2 planted more\n", "line 3" + form},
      {"k1 " + std::string(31, 'x'), "line 1" + length},
      {"k1 " + std::string(513, 'x'), "line 1" + length},
      {"k/1 " + std::string(32, 'x'), "line 1" + kid},
      {std::string(65, 'k') + ' ' + std::string(32, 'x'), "line 1" + kid},
      {good + good, "line 2 has a kid that another line has; give each key its own"},
      {"k1 " + std::string(32, '\x7f'),
       "line 1 has a secret with a character that is not visible ASCII; give 32 to 512 that are"},
      {"k1 " + std::string(32, '\0'),
       "line 1 has a secret with a character that is not visible ASCII; give 32 to 512 that are"},
      {"k1 planted-\xc3\xa9-planted-planted-planted-planted",
       "line 1 has a secret with a character that is not visible ASCII; give 32 to 512 that are"},
  };
  for (const auto& [text, said] : cases) EXPECT_EQ(complaint([&] { parse_link_keys(text); }), said) << text;
  EXPECT_EQ(parse_link_keys(std::string(64, 'k') + ' ' + std::string(512, 'x')).size(), 1u);
}

TEST(gateway_link_keys, keys_of_a_program_are_checked_too) {
  const auto complaint_of = [](std::vector<link_key> keys) {
    return complaint([&] { check_link_keys(keys, "link_keys"); });
  };
  std::vector<link_key> two;
  EXPECT_EQ(complaint_of({}), "link_keys: there is no key; give at least one");
  two.push_back(key_of("k1"));
  two.push_back(key_of("k2"));
  EXPECT_EQ(complaint([&] { check_link_keys(two, "link_keys"); }), "");
  two[1].kid = "k1";
  EXPECT_EQ(complaint([&] { check_link_keys(two, "link_keys"); }),
            "link_keys: key 2 has a kid that another has; give each key its own");
  two[1].kid = "";
  EXPECT_EQ(complaint([&] { check_link_keys(two, "link_keys"); }),
            "link_keys: key 2 has a kid that can't be; give 1 to 64 of A-Z a-z 0-9 _ - .");
}

TEST(gateway_portal_words, pages_and_themes) {
  EXPECT_EQ(page_named("carriers"), portal_page::carriers);
  EXPECT_EQ(page_named("billing"), portal_page::billing);
  EXPECT_EQ(page_named("onboarding"), portal_page::onboarding);
  for (const char* other : {"", "Billing", "billing ", "portal"}) EXPECT_EQ(page_named(other), std::nullopt);
  EXPECT_TRUE(is_theme_id("123e4567-E89b-12d3-a456-426614174000"));
  for (const char* other :
       {"", "123e4567-e89b-12d3-a456-42661417400", "123e4567-e89b-12d3-a456-4266141740000",
        "123e4567-e89b-12d3-a456_426614174000", "-23e4567-e89b-12d3-a456-426614174000"})
    EXPECT_FALSE(is_theme_id(other)) << other;
}

}  // namespace
}  // namespace ephemint::gateway
