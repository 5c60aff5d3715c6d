#include "codec/redirect_check.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace ephemint {

using namespace detail;

namespace {

const std::string token = "eyJ.a+b/c=";
const redirect_policy policy{{"dashboard.shipengine.com", "other.example"}, ""};
const redirect_policy loopback{{"dashboard.shipengine.com"}, "127.0.0.1"};

std::string fault_of(const std::string& url, const redirect_policy& p = policy) {
  const char* fault = redirect_fault(url, token, p);
  return fault ? fault : "";
}

TEST(RedirectUrl, is_taken_if_it_keeps_to_the_rules) {  // behaviours: P3
  for (const std::string url : {
           "https://dashboard.shipengine.com/api/directlogin?token=eyJ.a+b/c=",
           "https://dashboard.shipengine.com/api/directlogin?token=eyJ.a%2Bb%2fc%3D",
           "https://dashboard.shipengine.com/api/directlogin?token=%65yJ.a+b/c=&x=1",
           "https://dashboard.shipengine.com/?x=1&token=eyJ.a+b/c=",
           "https://dashboard.shipengine.com?t=eyJ.a+b/c=",
           "https://dashboard.shipengine.com:443/?t=eyJ.a+b/c=",
           "HTTPS://Dashboard.ShipEngine.COM/?t=eyJ.a+b/c=",
           "https://other.example/?t=eyJ.a+b/c=",
           "https://other.example/a%20path/~user;v=1/@:!$&'()*+,?t=eyJ.a+b/c=",
       })
    EXPECT_EQ(fault_of(url), "") << url;
}

TEST(RedirectUrl, is_refused_with_what_is_wrong) {  // behaviours: P3
  const std::string host = "its redirect_url names a host that redirect_hosts doesn't allow";
  const std::string no_url = "its redirect_url isn't an https URL";
  const std::string port = "its redirect_url names a port other than 443";
  const std::string characters = "its redirect_url has characters that no URL has";
  const std::string user = "its redirect_url has user info";
  const std::string no_host = "its redirect_url has no host";
  const std::string no_token = "its redirect_url doesn't hold its token";
  const std::string t = "?t=eyJ.a+b/c=";
  const struct {
    std::string url, fault;
  } cases[] = {
      {"", no_url},
      {"http://dashboard.shipengine.com/" + t, no_url},
      {"javascript:alert(1)//" + t, no_url},
      {"//dashboard.shipengine.com/" + t, no_url},
      {"https:dashboard.shipengine.com/" + t, no_url},
      {"https:/dashboard.shipengine.com/" + t, no_url},
      {" https://dashboard.shipengine.com/" + t, no_url},
      {"https:///dashboard.shipengine.com/" + t, no_host},
      {"https://" + t, no_host},
      {"https://:443/" + t, no_host},
      {"https://evil.example/" + t, host},
      {"https://evil.dashboard.shipengine.com/" + t, host},
      {"https://dashboard.shipengine.com.evil.example/" + t, host},
      {"https://dashboard.shipengine.com./" + t, host},
      {"https://dashboard.shipengine.co/" + t, host},
      {"https://dashboard%2eshipengine.com/" + t, host},
      {"https://d\xc3\xa4shboard.shipengine.com/" + t, host},
      {"https://dashboard.shipengine.com\t/" + t, host},
      {"https://evil.example?https://dashboard.shipengine.com/" + t, host},
      {"https://evil.example#@dashboard.shipengine.com/" + t, host},
      {"https://evil.example\\@dashboard.shipengine.com/" + t, host},
      {"https://evil.example\\.dashboard.shipengine.com/" + t, host},
      {"https://user@dashboard.shipengine.com/" + t, user},
      {"https://@dashboard.shipengine.com/" + t, user},
      {"https://dashboard.shipengine.com@evil.example/" + t, user},
      {"https://dashboard.shipengine.com:443@evil.example/" + t, user},
      {"https://[dashboard.shipengine.com]/" + t, no_host},
      {"https://[::1/" + t, no_host},
      {"https://[::1]x/" + t, no_host},
      {"https://[::1]/" + t, host},
      {"https://dashboard.shipengine.com:8443/" + t, port},
      {"https://dashboard.shipengine.com:/" + t, port},
      {"https://dashboard.shipengine.com:0443/" + t, port},
      {"https://dashboard.shipengine.com/" + t + "#", "its redirect_url has a fragment"},
      {"https://dashboard.shipengine.com/#" + t, "its redirect_url has a fragment"},
      {"https://dashboard.shipengine.com\\evil" + t, characters},
      {"https://dashboard.shipengine.com/\\evil" + t, characters},
      {"https://dashboard.shipengine.com/\r\nSet-Cookie:x" + t, characters},
      {"https://dashboard.shipengine.com/" + std::string(1, '\0') + t, characters},
      {"https://dashboard.shipengine.com/\xc3\xa9" + t, characters},
      {"https://dashboard.shipengine.com/a b" + t, characters},
      {"https://dashboard.shipengine.com/<script>" + t, characters},
      {"https://dashboard.shipengine.com/\"" + t, characters},
      {"https://dashboard.shipengine.com/%" + t, characters},
      {"https://dashboard.shipengine.com/%4" + t, characters},
      {"https://dashboard.shipengine.com/" + t + "&x=%4", characters},
      {"https://dashboard.shipengine.com/" + t + "&x=%", characters},
      {"https://dashboard.shipengine.com/", no_token},
      {"https://dashboard.shipengine.com/eyJ.a+b/c=", no_token},
      {"https://dashboard.shipengine.com/?eyJ.a+b/c=", no_token},
      {"https://dashboard.shipengine.com/?t=", no_token},
      {"https://dashboard.shipengine.com/?t=eyJ.a+b/c", no_token},
      {"https://dashboard.shipengine.com/?t=eyJ.a+b/c==", no_token},
      {"https://dashboard.shipengine.com/?t=xeyJ.a+b/c=", no_token},
      {"https://dashboard.shipengine.com/?t=EYJ.a+b/c=", no_token},
      {"https://dashboard.shipengine.com/?t=eyJ.a%2bb/c%", characters},
      {"https://dashboard.shipengine.com/" + t + "&p=" + std::string(8192, 'x'),
       "its redirect_url is too long"},
  };
  for (const auto& c : cases) EXPECT_EQ(fault_of(c.url), c.fault) << c.url;
}

TEST(RedirectUrl, of_a_loopback_api_may_name_its_host_with_any_port) {  // behaviours: P3
  EXPECT_EQ(fault_of("https://127.0.0.1:8443/?t=eyJ.a+b/c=", loopback), "");
  EXPECT_EQ(fault_of("https://127.0.0.1/?t=eyJ.a+b/c=", loopback), "");
  EXPECT_EQ(fault_of("https://dashboard.shipengine.com/?t=eyJ.a+b/c=", loopback), "");
  EXPECT_NE(fault_of("https://127.0.0.1:8443/?t=eyJ.a+b/c=", policy), "");
  EXPECT_NE(fault_of("https://127.0.0.2:8443/?t=eyJ.a+b/c=", loopback), "");
  EXPECT_NE(fault_of("http://127.0.0.1:8443/?t=eyJ.a+b/c=", loopback), "");
  EXPECT_NE(fault_of("https://dashboard.shipengine.com:8443/?t=eyJ.a+b/c=", loopback), "");
  EXPECT_EQ(fault_of("https://[::1]:8443/?t=eyJ.a+b/c=", {{}, "::1"}), "");
  for (const std::string port : {"", "x", "123456", "-1", "80 "})
    EXPECT_EQ(fault_of("https://127.0.0.1:" + port + "/?t=eyJ.a+b/c=", loopback),
              "its redirect_url's port isn't a number")
        << port;
}

TEST(Token, is_opaque_text_of_few_characters) {  // behaviours: P2
  for (const std::string& good :
       {std::string{"x"}, token, std::string{"AZaz09._~+/=-"}, std::string(4096, 'x')})
    EXPECT_TRUE(is_token(good)) << good;
  for (const std::string& bad :
       {std::string{}, std::string(4097, 'x'), std::string{"a b"}, std::string{"a&b"}, std::string{"a%20"},
        std::string{"a\n"}, std::string{"a\0b", 3}, std::string{"\xc3\xa9"}, std::string{"a#"},
        std::string{"a\\"}, std::string{"a?"}})
    EXPECT_FALSE(is_token(bad)) << bad;
}

/// 40 times `a` with `c` at one place: long enough for the check of many characters at a time, and for its
/// remainder.
std::string with(char c, std::size_t at) {
  std::string text(40, 'a');
  text[at] = c;
  return text;
}

TEST(Token, has_each_character_judged_at_every_place) {  // behaviours: P3
  const std::string marks = "._~+/=-";
  for (int code = 0; code < 256; ++code) {
    const char c = static_cast<char>(code);
    const bool good = std::isalnum(code) != 0 || (code != 0 && marks.find(c) != marks.npos);
    for (std::size_t at = 0; at < 40; ++at) ASSERT_EQ(is_token(with(c, at)), good) << code << " at " << at;
  }
}

TEST(RedirectUrl, has_each_character_judged_at_every_place) {  // behaviours: P3
  const std::string marks = "-._~!$&'()*+,;=:@/?";             // `%` begins an escape: not here
  for (int code = 0; code < 256; ++code) {
    if (code == '%') continue;  // it begins an escape, which may be a good one
    const char c = static_cast<char>(code);
    const bool good = std::isalnum(code) != 0 || (code != 0 && marks.find(c) != marks.npos);
    for (std::size_t at = 0; at < 40; ++at) {
      const std::string url = "https://other.example/" + with(c, at) + "?t=" + token;
      ASSERT_EQ(fault_of(url).empty(), good) << code << " at " << at;
    }
  }
}

}  // namespace
}  // namespace ephemint
