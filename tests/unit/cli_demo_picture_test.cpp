#include "demo_picture.hpp"
#include "demo_screen.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;

constexpr clock::time_point drawn_at{100s};

std::vector<std::string> picture_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The number of characters that a terminal shows: a character of several bytes counts once, and colours
/// don't count.
std::size_t shown_width(std::string_view line) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\x1b')
      at = line.find('m', at);
    else if ((static_cast<unsigned char>(line[at]) & 0xC0) != 0x80)
      ++width;
  }
  return width;
}

struct two_lanes {
  two_lanes() {
    plain.accounts = ephemint.accounts = 200;
    plain.held = {{drawn_at - 12s, drawn_at - 1s}, {drawn_at - 6s, drawn_at + 4s}};
    plain.rate_limited = 16;
    plain.quota_used = 60;
    ephemint.seconds_left = {9990ms, 9970ms, 9975ms};
    ephemint.quota_used = 7;
  }

  std::string drawn(unsigned width, bool colours = false) const {
    return draw({plain, ephemint, 60, drawn_at, 12300ms}, width, colours);
  }

  lane plain, ephemint;
};

TEST(cli_demo_picture, shows_both_lanes_side_by_side) {
  const auto lines = picture_lines(two_lanes{}.drawn(80));
  ASSERT_EQ(lines.size(), picture_height);
  EXPECT_EQ(lines[0], "A plain client                         │ Ephemint                              ");
  EXPECT_EQ(lines[1], "[..............................] 2/200 │ [..............................] 3/200");
  EXPECT_EQ(lines[2], "handed over            0   dead 0      │ handed over            3   dead 0     ");
  EXPECT_EQ(lines[3], "minted, waiting        2   dead 1      │ minted, waiting        0   dead 0     ");
  EXPECT_EQ(lines[4], "429s 16   quota used 60/60             │ 429s 0   quota used 7/60              ");
  EXPECT_EQ(lines[6], "×▄                                     │ ███                                   ");
  EXPECT_EQ(lines[13], " 12.3 s   A token: █▇▆▅ over 5 s left, ▄▃▂▁ less, × dead                       ");
}

TEST(cli_demo_picture, keeps_its_size_whatever_it_shows) {
  two_lanes both;
  both.plain.accounts = both.ephemint.accounts = 100'000;
  both.plain.seconds_left.assign(100'000, -99s);
  both.plain.dead = both.plain.rate_limited = 100'000;
  both.plain.failed = 4321;
  both.plain.taken = 12345s;
  for (const unsigned width : {80u, 81u, 100u, 127u, 400u})
    for (const bool colours : {false, true}) {
      const auto lines = picture_lines(both.drawn(width, colours));
      EXPECT_EQ(lines.size(), picture_height);
      for (const std::string& line : lines) EXPECT_LT(shown_width(line), width) << line;
    }
}

TEST(cli_demo_picture, colours_only_repeat_what_is_seen_without) {
  const std::string coloured = two_lanes{}.drawn(80, true);
  EXPECT_NE(coloured.find("\x1b[31m×\x1b[0m\x1b[33m▄\x1b[0m"), std::string::npos) << coloured;
  EXPECT_NE(coloured.find("\x1b[32m███\x1b[0m"), std::string::npos) << coloured;
  std::string bare;
  for (std::size_t at = 0; at < coloured.size(); ++at) {
    if (coloured[at] == '\x1b')
      at = coloured.find('m', at);
    else
      bare += coloured[at];
  }
  EXPECT_EQ(bare, two_lanes{}.drawn(80));
}

TEST(cli_demo_picture, blocks_are_as_high_as_the_life_left) {
  const struct {
    clock::duration left;
    const char* block;
  } cases[] = {
      {10s, "\x1b[32m█"}, {8750ms, "\x1b[32m█"}, {8749ms, "\x1b[32m▇"}, {5001ms, "\x1b[32m▅"},
      {5s, "\x1b[33m▅"},  {4999ms, "\x1b[33m▄"}, {1250ms, "\x1b[33m▂"}, {1ns, "\x1b[33m▁"},
      {0s, "\x1b[31m×"},  {-1ns, "\x1b[31m×"},   {-500s, "\x1b[31m×"},
  };
  for (const auto& [left, block] : cases) {
    two_lanes both;
    both.ephemint.seconds_left = {left};
    const std::string line = picture_lines(both.drawn(80, true))[6];
    EXPECT_NE(line.find("│ " + std::string{block}), std::string::npos) << left.count() << line;
  }
}

TEST(cli_demo_picture, newest_tokens_fill_the_strip) {
  two_lanes both;
  both.ephemint.seconds_left.assign(1000, 3s);
  both.ephemint.seconds_left.insert(both.ephemint.seconds_left.end(), 38 * 6, 9990ms);
  const auto lines = picture_lines(both.drawn(80));
  for (std::size_t row = 6; row < 12; ++row) {
    EXPECT_EQ(lines[row].find("▃"), std::string::npos) << lines[row];
    EXPECT_TRUE(lines[row].ends_with("██")) << lines[row];
  }
}

TEST(cli_demo_picture, end_is_told_with_its_time) {
  two_lanes both;
  both.ephemint.taken = 15250ms;
  both.ephemint.failed = 2;
  const auto lines = picture_lines(both.drawn(80));
  EXPECT_TRUE(lines[0].ends_with("│ Ephemint                done in 15.2 s")) << lines[0];
  EXPECT_TRUE(lines[1].ends_with(" 5/200, 2 failed")) << lines[1];
}

TEST(cli_demo_screen, picture_is_drawn_over_the_one_before) {
  EXPECT_EQ(drawn_over(0, "a\nb\n"), "\ra\x1b[K\nb\x1b[K\n");
  EXPECT_EQ(drawn_over(2, "a\nb\n"), "\x1b[2A\ra\x1b[K\nb\x1b[K\n");
}

}  // namespace
}  // namespace ephemint::cli
