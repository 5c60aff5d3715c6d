#include "demo_picture.hpp"

#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t strip_rows = 6, lane_rows = picture_height - 2;
constexpr std::size_t widest_lane = 60;
constexpr std::string_view bold = "\x1b[1m", alive = "\x1b[32m", short_lived = "\x1b[33m", gone = "\x1b[31m",
                           no_colour = "\x1b[0m", divider = " │ ";
constexpr clock::duration safe_life = 5s;

/// A line of text that keeps track of its width, which differs from its number of bytes.
class picture_row {
 public:
  picture_row(std::size_t width, bool colours) : room_{width}, colours_{colours} {}

  /// Adds as much of `text` as there is room for.
  void add(std::string_view text, std::string_view colour = {}) {
    const std::size_t size = fitting(text);
    if (size == 0) return;
    if (colours_ && colour != colour_) {
      if (!colour_.empty()) line_ += no_colour;
      line_ += colour;
      colour_ = colour;
    }
    line_ += text.substr(0, size);
  }
  void fill_up_to(std::size_t rest) {
    if (room_ > rest) add(std::string(room_ - rest, ' '));
  }
  std::size_t room() const noexcept { return room_; }
  std::string line() && {
    fill_up_to(0);
    if (!colour_.empty()) line_ += no_colour;
    return std::move(line_);
  }

 private:
  /// How many bytes of `text` fit; takes their room.
  std::size_t fitting(std::string_view text) noexcept {
    std::size_t at = 0;
    for (; at < text.size(); ++at) {
      const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
      if (begins && room_ == 0) break;
      if (begins) --room_;
    }
    return at;
  }

  std::string line_;
  std::string_view colour_;
  std::size_t room_;
  bool colours_;
};

struct token_mark {
  std::string_view glyph, colour;
};

token_mark mark_of(clock::duration left) {
  constexpr std::array<std::string_view, 8> heights{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (left <= 0s) return {"×", gone};
  const auto height = static_cast<std::size_t>(left * heights.size() / token_lifetime);
  return {heights[std::min(height, heights.size() - 1)], left > safe_life ? alive : short_lived};
}

class lane_picture {
 public:
  lane_picture(std::size_t width, bool colours) : width_{width}, colours_{colours} {}

  std::vector<std::string> draw(std::string_view name, const lane& seen, const demo_view& of) {
    add_title(name, seen);
    add_bar(seen);
    add_row("handed over", seen.seconds_left.size(), "dead", seen.dead);
    add_row("minted, waiting", seen.held.size(), "dead", seen.held_dead(of.now));
    picture_row counts = row();
    counts.add(fmt::format("429s {}", with_thousands(seen.rate_limited)),
               seen.rate_limited > 0 ? short_lived : "");
    counts.add(fmt::format("   quota used {}/{}", with_thousands(seen.quota_used), with_thousands(of.quota)));
    rows_.push_back(std::move(counts).line());
    rows_.push_back(row().line());
    add_strip(newest(seen, of.now, width_ * strip_rows));
    return std::move(rows_);
  }

 private:
  picture_row row() const { return {width_, colours_}; }

  void add_title(std::string_view name, const lane& seen) {
    picture_row title = row();
    title.add(name, bold);
    if (seen.taken) {
      const std::string words =
          fmt::format("done in {:.1f} s", std::chrono::duration<double>(*seen.taken).count());
      title.fill_up_to(words.size());
      title.add(words);
    }
    rows_.push_back(std::move(title).line());
  }

  void add_bar(const lane& seen) {
    const std::size_t done = std::min(seen.minted() + seen.failed, seen.accounts);
    const std::string words = fmt::format(" {}/{}{}", with_thousands(done), with_thousands(seen.accounts),
                                          seen.failed > 0 ? fmt::format(", {} failed", seen.failed) : "");
    picture_row bar = row();
    const std::size_t size = width_ > words.size() + 2 ? width_ - words.size() - 2 : 0;
    const std::size_t filled = seen.accounts == 0 ? size : done * size / seen.accounts;
    bar.add("[");
    bar.add(std::string(filled, '#'), alive);
    bar.add(std::string(size - filled, '.'));
    bar.add("]" + words);
    rows_.push_back(std::move(bar).line());
  }

  void add_row(std::string_view name, std::uint64_t count, std::string_view of_these, std::uint64_t bad) {
    picture_row figures = row();
    figures.add(fmt::format("{:<16} {:>7}", name, with_thousands(count)));
    figures.add("   ");
    figures.add(fmt::format("{} {}", of_these, with_thousands(bad)), bad > 0 ? gone : "");
    rows_.push_back(std::move(figures).line());
  }

  void add_strip(const std::vector<clock::duration>& lives) {
    auto next = lives.begin();
    for (std::size_t at = 0; at < strip_rows; ++at) {
      picture_row strip = row();
      for (; strip.room() > 0 && next != lives.end(); ++next) {
        const token_mark mark = mark_of(*next);
        strip.add(mark.glyph, mark.colour);
      }
      rows_.push_back(std::move(strip).line());
    }
  }

  std::size_t width_;
  bool colours_;
  std::vector<std::string> rows_;
};

std::string legend(const demo_view& of, std::size_t width, bool colours) {
  picture_row line{width, colours};
  line.add(fmt::format("{:5.1f} s   A token: ", std::chrono::duration<double>(of.elapsed).count()));
  line.add("█▇▆▅", alive);
  line.add(" over 5 s left, ");
  line.add("▄▃▂▁", short_lived);
  line.add(" less, ");
  line.add("×", gone);
  line.add(" dead");
  return std::move(line).line();
}

}  // namespace

std::string draw(const demo_view& of, unsigned width, bool colours) {
  // The last column stays free, as terminals differ in what they do after it.
  const std::size_t each = std::min<std::size_t>((width - 1 - 3) / 2, widest_lane);
  const auto left = lane_picture{each, colours}.draw("A plain client", of.plain, of);
  const auto right = lane_picture{each, colours}.draw("Ephemint", of.ephemint, of);
  std::string text;
  for (std::size_t row = 0; row < lane_rows; ++row) {
    text += left[row];
    text += divider;
    text += right[row];
    text += '\n';
  }
  return text + '\n' + legend(of, 2 * each + 3, colours) + '\n';
}

}  // namespace ephemint::cli
