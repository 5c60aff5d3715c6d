#include "text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ephemint::cli {
namespace {

using namespace std::string_view_literals;

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(cli_text, json_strings) {
  const struct {
    std::string_view text, json;
  } cases[] = {
      {"", R"("")"},
      {"se-1234", R"("se-1234")"},
      {"a\"b\\c/", R"("a\"b\\c/")"},
      {"\b\f\n\r\t", R"("\b\f\n\r\t")"},
      {"\0\x01\x1f\x7f"sv, R"("\u0000\u0001\u001f\u007f")"},
      {"\x1b[31m", R"("\u001b[31m")"},
      {"é€😀", R"("é€😀")"},
      {"\xff", "\"\xef\xbf\xbd\""},
      {"a\x80z", "\"a\xef\xbf\xbdz\""},
  };
  for (const auto& c : cases) EXPECT_EQ(json(c.text), c.json);
}

TEST(cli_text, what_is_not_utf8_is_replaced_byte_by_byte) {
  const std::string_view bad[] = {
      "\xc3",              // cut
      "\xe2\x82",          // cut
      "\xf0\x9f\x98",      // cut
      "\xc0\xaf",          // overlong
      "\xe0\x80\xaf",      // overlong
      "\xf0\x80\x80\xaf",  // overlong
      "\xed\xa0\x80",      // surrogate
      "\xf4\x90\x80\x80",  // above U+10FFFF
      "\xf8\x88\x80\x80",  // five bytes' form
  };
  for (const std::string_view text : bad) {
    std::string expected = "\"";
    for (std::size_t i = 0; i < text.size(); ++i) expected += "\xef\xbf\xbd";
    EXPECT_EQ(json(text), expected + '"');
  }
}

TEST(cli_text, what_needs_an_escape_is_found_at_every_place) {
  for (int c = 0; c < 256; ++c) {
    const std::string alone = json(std::string(1, static_cast<char>(c)));
    const std::string escaped = alone.substr(1, alone.size() - 2);
    for (std::size_t at = 0; at < 20; ++at)
      ASSERT_EQ(json(std::string(at, 'a') + static_cast<char>(c) + std::string(19 - at, 'z')),
                '"' + std::string(at, 'a') + escaped + std::string(19 - at, 'z') + '"')
          << c;
  }
}

TEST(cli_text, a_string_is_appended) {
  std::string out = "{\"a\":";
  append_json_string(out, "b");
  EXPECT_EQ(out, "{\"a\":\"b\"");
}

TEST(cli_text, nothing_printable_moves_a_terminal) {
  EXPECT_EQ(printable("se-1 é"), "se-1 é");
  EXPECT_EQ(printable("\r\n\x1b]0;x\x07\x7f"), "\\x0d\\x0a\\x1b]0;x\\x07\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // a C1 control: CSI
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("a\0b"sv), "a\\x00b");
}

TEST(cli_text, quotes_are_cut) {
  EXPECT_EQ(in_quotes("se 1"), "\"se 1\"");
  EXPECT_EQ(in_quotes(std::string(81, 'x')), '"' + std::string(80, 'x') + "...\"");
}

TEST(cli_text, thousands) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1000), "1,000");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
}

}  // namespace
}  // namespace ephemint::cli
