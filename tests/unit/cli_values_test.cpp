#include "usage_error.hpp"
#include "values.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;

/// What `parse` complains of, or an empty text.
std::string complaint(const std::function<void()>& parse) {
  try {
    parse();
  } catch (const usage_error& wrong) {
    return wrong.what();
  }
  return {};
}

TEST(cli_values, durations_have_a_unit) {
  const struct {
    const char* text;
    std::chrono::milliseconds time;
  } cases[] = {{"1ms", 1ms}, {"250ms", 250ms}, {"5s", 5s}, {"1min", 1min}, {"24h", 24h}, {"007s", 7s}};
  for (const auto& c : cases) EXPECT_EQ(parse_duration(c.text), c.time) << c.text;
  EXPECT_EQ(parse_duration("0ms", true), 0ms);
}

TEST(cli_values, what_is_no_duration_is_refused_with_what_is_one) {
  for (const char* text :
       {"", "5", "s", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5s", "5S", "5sec", "5m", "0x5s", "5ss",
        "18446744073709551616ms", "18446744073709551615h", "1000000000001ms", "five seconds"}) {
    EXPECT_EQ(complaint([&] { parse_duration(text); }),
              '"' + std::string{text} +
                  "\" is not a duration; give a whole number and its unit, such as 250ms, 5s, 1min or 1h");
  }
  EXPECT_EQ(complaint([] { parse_duration("0s"); }),
            "\"0s\" is no time at all; give more than 0, such as 250ms");
}

TEST(cli_values, what_is_repeated_is_cut_and_cleaned) {
  EXPECT_EQ(
      complaint([] { parse_duration("\x1b[2J\n"); }),
      "\"\\x1b[2J\\x0a\" is not a duration; give a whole number and its unit, such as 250ms, 5s, 1min or 1h");
  EXPECT_EQ(complaint([] { parse_duration(std::string(1'000'000, '9')); }).substr(0, 85),
            '"' + std::string(80, '9') + "...\"");
}

TEST(cli_values, rates) {
  EXPECT_EQ(parse_rate("200/60s"), quota::declared(200, 60s));
  EXPECT_EQ(parse_rate("20/1min"), quota::declared(20, 60s));
  EXPECT_EQ(parse_rate("unlimited"), quota::unlimited());
  EXPECT_EQ(parse_rate("auto"), quota::automatic());
}

TEST(cli_values, what_is_no_rate_is_refused_with_what_is_one) {
  for (const char* text : {"", "200", "200/", "/60s", "200/60", "200/60s/1", "-1/60s", "2.5/1s", "200 / 60s",
                           "none", "Unlimited", "18446744073709551616/1s"}) {
    EXPECT_EQ(
        complaint([&] { parse_rate(text); }),
        '"' + std::string{text} +
            "\" is not a rate; give requests/duration, such as 200/60s or 20/1min, or unlimited, or auto");
  }
  for (const char* text : {"0/60s", "200/0s"})
    EXPECT_EQ(
        complaint([&] { parse_rate(text); }),
        '"' + std::string{text} + "\" lets nothing through; give at least 1 request in more than 0 time");
}

TEST(cli_values, numbers_have_a_range) {
  EXPECT_EQ(parse_number("1", 1, 100), 1u);
  EXPECT_EQ(parse_number("100", 1, 100), 100u);
  for (const char* text : {"0", "101", "-1", "99999999999999999999"})
    EXPECT_EQ(complaint([&] { parse_number(text, 1, 100); }),
              '"' + std::string{text} + "\" is out of range; give a whole number of 1 to 100");
  for (const char* text : {"+1", "1e1", "", "1 ", "x", "-", "-x", "1.5"})
    EXPECT_EQ(complaint([&] { parse_number(text, 1, 100); }),
              '"' + std::string{text} + "\" is not a whole number; give one of 1 to 100");
}

TEST(cli_values, portal_pages) {
  EXPECT_EQ(parse_portal_page("billing"), portal_page::billing);
  EXPECT_EQ(parse_portal_page("carriers"), portal_page::carriers);
  EXPECT_EQ(parse_portal_page("onboarding"), portal_page::onboarding);
  EXPECT_EQ(complaint([] { parse_portal_page("Billing"); }),
            "\"Billing\" is not a page; give carriers, billing or onboarding");
}

TEST(cli_values, uuids) {
  EXPECT_EQ(parse_uuid("123e4567-e89b-12d3-A456-426614174000"), "123e4567-e89b-12d3-A456-426614174000");
  for (const char* text :
       {"", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g",
        "123e4567-e89b-12d3-a456-4266141740000", "123e4567-e89b-12d3-a456-426614174000&token=evil"})
    EXPECT_EQ(
        complaint([&] { parse_uuid(text); }),
        '"' + std::string{text} + "\" is not a UUID; give one like 123e4567-e89b-12d3-a456-426614174000");
}

}  // namespace
}  // namespace ephemint::cli
