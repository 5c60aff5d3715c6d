#include "codec/untrusted_text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace ephemint {

using namespace detail;

namespace {

TEST(Cleaned, escapes_what_could_deceive) {  // behaviours: P7
  const struct {
    std::string text, clean;
  } cases[] = {
      {"", ""},
      {"plain text, 100 %", "plain text, 100 %"},
      {"a\nb\r\n", "a\\x0ab\\x0d\\x0a"},
      {std::string{"a\0b", 3}, "a\\x00b"},
      {"\x1b[31mred", "\\x1b[31mred"},
      {"\x7f", "\\x7f"},
      {"Gr\xc3\xbc\xc3\x9f"
       "e \xe2\x82\xac \xf0\x9f\x98\x80",
       "Gr\xc3\xbc\xc3\x9f"
       "e \xe2\x82\xac \xf0\x9f\x98\x80"},
      {"\xc2\x85", "\\xc2\\x85"},           // a C1 control: next line
      {"\xe2\x80\xae", "\\xe2\\x80\\xae"},  // right-to-left override
      {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},  // line separator
      {"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},  // byte order mark
      {"\x80 \xff \xfe", "\\x80 \\xff \\xfe"},
      {"\xc3", "\\xc3"},  // cut short
      {"\xc3(", "\\xc3("},
      {"\xc0\xaf", "\\xc0\\xaf"},  // not the shortest form
      {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // a surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
      {"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
  };
  for (const auto& c : cases) EXPECT_EQ(cleaned(c.text, 512), c.clean);
}

TEST(Cleaned, is_never_longer_than_its_cap) {  // behaviours: P7
  EXPECT_EQ(cleaned("0123456789", 10), "0123456789");
  EXPECT_EQ(cleaned("0123456789a", 10), "0123456...");
  EXPECT_EQ(cleaned("0123456\n", 10), "0123456...");                      // an escape isn't cut
  EXPECT_EQ(cleaned("012345\xe2\x82\xac\xe2\x82\xac", 10), "012345...");  // nor a character
  EXPECT_EQ(cleaned(std::string(100'000, '\n'), 512).size(), 511u);
}

TEST(InQuotes, puts_quotes_around) {
  EXPECT_EQ(in_quotes("a\nb"), "\"a\\x0ab\"");
  EXPECT_EQ(in_quotes(std::string(200, 'x')).size(), 82u);
}

TEST(Redactor, takes_secrets_out) {  // behaviours: P7
  redactor redacted;
  constexpr std::array<std::string_view, 2> keys{"the-key", "the key before"};
  redacted.hide_all(keys);
  redacted.hide("https://h/?token=abcd");
  redacted.hide("abcd");
  EXPECT_EQ(redacted("no secret"), "no secret");
  EXPECT_EQ(redacted("the-key"), "[redacted]");
  EXPECT_EQ(redacted("not the key before"), "not [redacted]");
  EXPECT_EQ(redacted("a the-keythe-key b"), "a [redacted][redacted] b");
  EXPECT_EQ(redacted("go to https://h/?token=abcd, abcd"), "go to [redacted], [redacted]");
  EXPECT_TRUE(redacted.finds("x the-key y"));
  EXPECT_FALSE(redacted.finds("the-ke"));
}

TEST(Redactor, does_not_look_for_what_is_too_short_to_be_one) {
  redactor redacted;
  redacted.hide("");
  redacted.hide("abc");
  EXPECT_EQ(redacted("abcabc"), "abcabc");
}

TEST(Redactor, ends_on_a_secret_that_is_part_of_its_mark) {
  redactor redacted;
  redacted.hide("redacted");
  EXPECT_EQ(redacted("redacted"), "[redacted]");
}

}  // namespace
}  // namespace ephemint
