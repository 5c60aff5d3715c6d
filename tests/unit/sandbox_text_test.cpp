#include "random.hpp"
#include "text.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace ephemint::sandbox {
namespace {

using namespace std::chrono_literals;

TEST(sandbox_text, durations_have_a_unit) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("5s"), 5s);
  EXPECT_EQ(parse_duration("1min"), 1min);
  EXPECT_EQ(parse_duration("2h"), 2h);
  EXPECT_EQ(parse_duration("0ms"), 0ms);
  for (auto text :
       {"", "5", "s", "-5s", "+5s", "1.5s", "5 s", "5S", "5sec", "99999999999999999999s", "9999999999999h"})
    EXPECT_THROW(parse_duration(text), std::invalid_argument) << text;
}

TEST(sandbox_text, bad_duration_is_named_with_the_cure) {
  try {
    parse_duration("5");
    FAIL();
  } catch (const std::invalid_argument& why) {
    EXPECT_STREQ(why.what(),
                 "\"5\" is not a duration: give a whole number and its unit, such as 250ms, 5s or 1min");
  }
}

TEST(sandbox_text, numbers_and_probabilities_are_read_whole) {
  EXPECT_EQ(parse_number("0"), 0U);
  EXPECT_EQ(parse_number("18446744073709551615"), UINT64_MAX);
  for (auto text : {"", "-1", "+1", "1 ", "0x1", "18446744073709551616", "1.0"})
    EXPECT_THROW(parse_number(text), std::invalid_argument) << text;
  EXPECT_EQ(parse_probability("0.25"), 0.25);
  EXPECT_EQ(parse_probability("1"), 1.0);
  EXPECT_EQ(parse_probability("1e-2"), 0.01);
  for (auto text :
       {"", ".", "1e", "-0.1", "+0.1", " 0.1", "0.1 ", "0x1", "0,5", "1.1", "nan", "inf", "50%", "half"})
    EXPECT_THROW(parse_probability(text), std::invalid_argument) << text;
}

TEST(sandbox_text, untrusted_text_is_quoted_cleaned_and_cut) {
  EXPECT_EQ(in_quotes("a\r\nb\x01\xff"), "\"a??b??\"");
  EXPECT_EQ(in_quotes(std::string(61, 'x')), '"' + std::string(60, 'x') + "…\"");
}

TEST(sandbox_text, escapes_for_json_and_html) {
  EXPECT_EQ(json_escaped("a\"b\\c\n\x01"), "a\\\"b\\\\c\\u000a\\u0001");
  EXPECT_EQ(html_escaped("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
}

TEST(sandbox_text, percent_decoding_refuses_half_an_escape) {
  EXPECT_EQ(percent_decoded("a%41+%2f%2F%00"), std::string("aA //\0", 6));
  for (auto text : {"%", "%4", "a%4", "%zz", "%4g"}) EXPECT_EQ(percent_decoded(text), std::nullopt) << text;
}

TEST(sandbox_text, uuids_are_told_from_others) {
  EXPECT_TRUE(is_uuid("550e8400-e29b-41d4-a716-446655440000"));
  EXPECT_TRUE(is_uuid("550E8400-E29B-41D4-A716-446655440000"));
  for (auto text : {"", "550e8400", "550e8400-e29b-41d4-a716-44665544000g",
                    "550e8400xe29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-4466554400000"})
    EXPECT_FALSE(is_uuid(text)) << text;
  const std::string made = random_uuid();
  EXPECT_TRUE(is_uuid(made)) << made;
  EXPECT_EQ(made[14], '4');
}

TEST(sandbox_text, generated_keys_look_like_the_test_keys_of_the_api) {
  const std::string key = random_api_key();
  EXPECT_TRUE(key.starts_with("TEST_"));
  EXPECT_EQ(key.size(), 48U);
  EXPECT_NE(key, random_api_key());
}

}  // namespace
}  // namespace ephemint::sandbox
