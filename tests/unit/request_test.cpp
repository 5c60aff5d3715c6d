#include "codec/request.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace ephemint {

using namespace detail;

namespace {

constexpr std::string_view target = "/v1/tokens/ephemeral?redirect=shipengine-dashboard";

request_writer writer() { return {"api.shipengine.com", target, secret{"TEST_key"}, "ephemint/0.1.0"}; }

std::string expected(std::string_view account) {
  return "POST /v1/tokens/ephemeral?redirect=shipengine-dashboard HTTP/1.1\r\n"
         "Host: api.shipengine.com\r\n"
         "User-Agent: ephemint/0.1.0\r\n"
         "Accept: application/json\r\n"
         "Content-Type: application/json\r\n"
         "Content-Length: 0\r\n"
         "API-Key: TEST_key\r\n"
         "On-Behalf-Of: " +
         std::string{account} + "\r\n\r\n";
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t times = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++times;
  return times;
}

TEST(RequestWriter, writes_the_request_of_the_reference) {
  EXPECT_EQ(writer().write("se-1").text, expected("se-1"));
}

TEST(RequestWriter, has_one_account_and_one_key_whatever_came_before) {  // behaviours: X2
  auto requests = writer();
  const std::string longest(account_id::max_size, 'x');
  for (const std::string& account :
       {std::string{"se-123456"}, longest, std::string{"1"}, std::string{"se-2"}}) {
    const auto request = requests.write(account).text;
    EXPECT_EQ(request, expected(account));
    EXPECT_EQ(count(request, "On-Behalf-Of:"), 1u);
    EXPECT_EQ(count(request, "API-Key:"), 1u);
    EXPECT_EQ(count(request, "\r\n\r\n"), 1u);
  }
}

TEST(RequestWriter, can_be_moved) {
  auto first = writer();
  auto second = std::move(first);
  EXPECT_EQ(second.write("se-1").text, expected("se-1"));
  second = writer();
  EXPECT_EQ(second.write("se-2").text, expected("se-2"));
}

// The old direct-login page shows it with `&`, which would make the parameter a part of the path.
TEST(RequestWriter, asks_for_the_redirect_url_by_a_query) {
  EXPECT_EQ(count(writer().write("se-1").text, "ephemeral?redirect="), 1u);
}

TEST(RequestWriter, says_the_same_in_fields) {
  auto requests = writer();
  for (const std::string_view account : {"se-123456", "se-2"}) {
    std::string said;
    for (const request_field& field : requests.write(std::string{account}).fields)
      said.append(field.name).append("=").append(field.value).append(field.secret ? " secret\n" : "\n");
    EXPECT_EQ(said,
              ":method=POST\n"
              ":scheme=https\n"
              ":authority=api.shipengine.com\n"
              ":path=/v1/tokens/ephemeral?redirect=shipengine-dashboard\n"
              "user-agent=ephemint/0.1.0\n"
              "accept=application/json\n"
              "content-type=application/json\n"
              "content-length=0\n"
              "api-key=TEST_key secret\n"
              "on-behalf-of=" +
                  std::string{account} + " secret\n");
  }
}

TEST(RequestWriter, has_its_fields_still_when_it_was_moved) {
  auto first = writer();
  auto second = std::move(first);
  EXPECT_EQ(second.write("se-1").fields[8].value, "TEST_key");
}

}  // namespace
}  // namespace ephemint
