#include "account_lines.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace ephemint::cli {
namespace {

using namespace std::string_view_literals;
using accounts = std::vector<account_id>;

/// The output when `text` comes in blocks of these sizes, used in turn.
accounts read(std::string_view text, const std::vector<std::size_t>& sizes) {
  account_lines lines;
  accounts all;
  const auto take = [&] {
    while (auto account = lines.next()) all.push_back(*account);
  };
  for (std::size_t i = 0; !text.empty(); ++i) {
    const std::string block{text.substr(0, sizes[i % sizes.size()])};  // overwritten after it was taken
    text.remove_prefix(block.size());
    lines.feed(block);
    take();
  }
  lines.end();
  take();
  return all;
}

accounts read(std::string_view text) { return read(text, {text.size() + 1}); }

TEST(cli_account_lines, one_a_line_whatever_ends_it) {
  const accounts three{"se-1", "se-2", "se-3"};
  EXPECT_EQ(read("se-1\nse-2\nse-3\n"), three);
  EXPECT_EQ(read("se-1\nse-2\nse-3"), three);
  EXPECT_EQ(read("se-1\r\nse-2\r\nse-3\r\n"), three);
  EXPECT_EQ(read("se-1\r\nse-2\nse-3\r"), three);
}

TEST(cli_account_lines, blank_lines_are_skipped) {
  EXPECT_EQ(read(""), accounts{});
  EXPECT_EQ(read("\n\r\n  \n\t\n"), accounts{});
  EXPECT_EQ(read("\n\nse-1\n\n\nse-2\n \n"), (accounts{"se-1", "se-2"}));
}

TEST(cli_account_lines, byte_order_mark_at_the_start_only) {
  EXPECT_EQ(read("\xef\xbb\xbfse-1\nse-2\n"), (accounts{"se-1", "se-2"}));
  EXPECT_EQ(read("\xef\xbb\xbf"), accounts{});
  const auto second = read("se-1\n\xef\xbb\xbfse-2\n");
  ASSERT_EQ(second.size(), 2u);
  EXPECT_FALSE(second[1].valid());
}

TEST(cli_account_lines, bad_lines_give_invalid_accounts) {
  for (const std::string_view line : {"se 1"sv, " se-1"sv, "se-1 "sv, "se\0-1"sv, "\0"sv, "\x1b"sv,
                                      "se-1\rx"sv, "se-1\r\r"sv, "sé-1"sv, "\xff"sv, "se-1\t"sv}) {
    const auto found = read("ok-1\n" + std::string{line} + "\nok-2\n");
    ASSERT_EQ(found.size(), 3u) << line;
    EXPECT_EQ(found[0], "ok-1");
    EXPECT_FALSE(found[1].valid()) << line;
    EXPECT_EQ(found[2], "ok-2");
  }
}

TEST(cli_account_lines, length_limit_is_exact_with_every_line_end) {
  const std::string longest(account_id::max_size, 'x');
  for (const char* line_end : {"", "\n", "\r\n"}) {
    for (const std::size_t block : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
      EXPECT_EQ(read(longest + line_end, {block}), accounts{longest});
      EXPECT_EQ(read("\xef\xbb\xbf" + longest + line_end, {block}), accounts{longest});
      const auto longer = read(longest + 'x' + line_end, {block});
      ASSERT_EQ(longer.size(), 1u);
      EXPECT_FALSE(longer[0].valid());
    }
  }
}

TEST(cli_account_lines, endless_line_is_one_bad_account) {
  const std::string endless = std::string(5'000'000, 'x') + "\nse-1\n";
  for (const std::size_t block : {std::size_t{131}, std::size_t{65536}}) {
    const auto found = read(endless, {block});
    ASSERT_EQ(found.size(), 2u);
    EXPECT_FALSE(found[0].valid());
    EXPECT_EQ(found[0].str(), std::string(account_id::max_size, 'x'));
    EXPECT_EQ(found[1], "se-1");
  }
}

TEST(cli_account_lines, carriage_returns_in_an_endless_line_dont_shorten_it) {
  for (std::size_t size = account_id::max_size + 1; size < account_id::max_size + 12; ++size) {
    const auto found = read(std::string(size, 'x') + std::string(10, '\r') + "\n", {1});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_FALSE(found[0].valid());
  }
}

TEST(cli_account_lines, any_two_cuts_give_the_same) {
  const std::string text = "\xef\xbb\xbfse-1\r\n\n  \r\nse-22\n" + std::string(130, 'y') + "\r\n\xffz\nse-3";
  const accounts whole = read(text);
  ASSERT_EQ(whole.size(), 5u);
  for (std::size_t first = 1; first < text.size(); ++first)
    for (std::size_t second = 1; first + second < text.size(); ++second)
      ASSERT_EQ(read(text, {first, second, text.size()}), whole) << first << ' ' << second;
}

}  // namespace
}  // namespace ephemint::cli
