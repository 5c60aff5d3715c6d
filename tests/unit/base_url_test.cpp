#include "codec/base_url.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ephemint {

using namespace detail;

namespace {

TEST(BaseUrl, is_taken_apart) {
  const struct {
    const char* text;
    const char* host;
    int port;
    const char* prefix;
    const char* host_header;
    bool loopback;
  } cases[] = {
      {"https://api.shipengine.com", "api.shipengine.com", 443, "", "api.shipengine.com", false},
      {"HTTPS://API.ShipEngine.com/", "api.shipengine.com", 443, "", "api.shipengine.com", false},
      {"https://api.shipengine.com:443", "api.shipengine.com", 443, "", "api.shipengine.com", false},
      {"https://api.shipengine.com:8443", "api.shipengine.com", 8443, "", "api.shipengine.com:8443", false},
      {"https://h/a/b%20c/", "h", 443, "/a/b%20c", "h", false},
      {"https://h//", "h", 443, "", "h", false},
      {"https://localhost:1", "localhost", 1, "", "localhost:1", true},
      {"https://api.localhost", "api.localhost", 443, "", "api.localhost", true},
      {"https://notlocalhost", "notlocalhost", 443, "", "notlocalhost", false},
      {"https://127.0.0.1:8443", "127.0.0.1", 8443, "", "127.0.0.1:8443", true},
      {"https://127.200.0.9", "127.200.0.9", 443, "", "127.200.0.9", true},
      {"https://128.0.0.1", "128.0.0.1", 443, "", "128.0.0.1", false},
      {"https://[::1]:8443", "::1", 8443, "", "[::1]:8443", true},
      {"https://[0:0:0:0:0:0:0:1]", "::1", 443, "", "[::1]", true},
      {"https://[2001:DB8::1]", "2001:db8::1", 443, "", "[2001:db8::1]", false},
      {"https://3f2a91bc77de", "3f2a91bc77de", 443, "", "3f2a91bc77de", false},
  };
  for (const auto& c : cases) {
    base_url url;
    ASSERT_EQ(parse_base_url(c.text, url), nullptr) << c.text;
    EXPECT_EQ(url.host, c.host) << c.text;
    EXPECT_EQ(url.port, c.port) << c.text;
    EXPECT_EQ(url.prefix, c.prefix) << c.text;
    EXPECT_EQ(url.host_header(), c.host_header) << c.text;
    EXPECT_EQ(url.is_loopback, c.loopback) << c.text;
  }
}

// behaviours: N9
TEST(BaseUrl, of_an_absolute_name_has_its_host_without_the_dot) {
  const struct {
    const char* text;
    const char* host_header;
    bool absolute, loopback;
  } cases[] = {
      {"https://api.shipengine.com.", "api.shipengine.com", true, false},
      {"https://API.shipengine.com.:8443/v", "api.shipengine.com:8443", true, false},
      {"https://localhost.:1", "localhost:1", true, true},
      {"https://api.localhost./", "api.localhost", true, true},
      {"https://api.shipengine.com", "api.shipengine.com", false, false},
  };
  base_url url;
  for (const auto& c : cases) {
    ASSERT_EQ(parse_base_url(c.text, url), nullptr) << c.text;
    EXPECT_EQ(url.host_header(), c.host_header) << c.text;
    EXPECT_EQ(url.is_absolute, c.absolute) << c.text;
    EXPECT_EQ(url.is_loopback, c.loopback) << c.text;
  }
  for (const char* bad : {"https://.", "https://..", "https://a..", "https://.a.", "https://127.0.0.1.",
                          "https://127.1.", "https://[::1].", "https://127.0.0.1.:1", "https://[::1]x/"})
    EXPECT_NE(parse_base_url(bad, url), nullptr) << bad;
  // Boost.URL 1.81 takes its beginning for an address; a newer one takes it for the name that it is.
  const bool refused = parse_base_url("https://127.0.0.1.evil.example", url) != nullptr;
  EXPECT_TRUE(refused || (url.host_header() == "127.0.0.1.evil.example" && !url.is_loopback));
}

TEST(HostName, is_what_can_be_looked_up) {
  for (const std::string& good : {std::string{"a"}, std::string{"a.b-c.d_e"}, std::string{"1.example"},
                                  std::string{"0xg"}, std::string(63, 'a') + ".b"})
    EXPECT_TRUE(is_host_name(good)) << good;
  for (const std::string& bad :
       {std::string{}, std::string{"."}, std::string{"a."}, std::string{".a"}, std::string{"a..b"},
        std::string{"-a"}, std::string{"a-"}, std::string{"a b"}, std::string{"a:1"}, std::string{"a/b"},
        std::string{"*.a"}, std::string{"a%2eb"}, std::string{"127.1"}, std::string{"0x7f000001"},
        std::string{"2130706433"}, std::string{"1.2.3.4"}, std::string{"\xc3\xa4.example"},
        std::string(64, 'a'), std::string(200, 'a') + '.' + std::string(60, 'b')})
    EXPECT_FALSE(is_host_name(bad)) << bad;
}

}  // namespace
}  // namespace ephemint
