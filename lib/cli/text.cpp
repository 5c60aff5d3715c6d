#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace ephemint::cli {
namespace {

constexpr unsigned char byte(char c) noexcept { return static_cast<unsigned char>(c); }

constexpr bool is_plain(char c) noexcept { return c >= 0x20 && c < 0x7f; }
constexpr bool needs_no_escape(char c) noexcept { return is_plain(c) & (c != '"') & (c != '\\'); }

/// Whether the text needs no escape in JSON, as nearly always. The loop has no early exit, so that the
/// compiler can check sixteen characters at once.
bool needs_no_escape(std::string_view text) noexcept {
  unsigned char all = 1;
  for (char c : text) all &= static_cast<unsigned char>(needs_no_escape(c));
  return all != 0;
}

/// The length of the UTF-8 character at the beginning of `text`; 0 if it isn't valid (RFC 3629: no overlong
/// forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text) noexcept {
  const auto continues = [&](std::size_t at, unsigned char least = 0x80, unsigned char most = 0xbf) {
    return at < text.size() && byte(text[at]) >= least && byte(text[at]) <= most;
  };
  const unsigned char first = byte(text.front());
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned char least = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned char most = first == 0xed ? 0x9f : 0xbf;
    return continues(1, least, most) && continues(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned char least = first == 0xf0 ? 0x90 : 0x80;
    const unsigned char most = first == 0xf4 ? 0x8f : 0xbf;
    return continues(1, least, most) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

/// C1 controls (U+0080 to U+009F): some terminals act on them.
bool is_c1(std::string_view character) noexcept {
  return character.size() == 2 && byte(character[0]) == 0xc2 && byte(character[1]) < 0xa0;
}

void append_character(std::string& out, char c) {
  if (needs_no_escape(c)) {
    out += c;
    return;
  }
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte(c));
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  if (needs_no_escape(text)) {
    out += text;
    text = {};
  }
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0)
      out += "\xef\xbf\xbd";
    else if (length == 1)
      append_character(out, text.front());
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    if ((length == 1 && is_plain(character[0])) || (length > 1 && !is_c1(character)))
      out += character;
    else
      for (char c : character) fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte(c));
    text.remove_prefix(character.size());
  }
  return out;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 80;
  return fmt::format("\"{}{}\"", printable(text.substr(0, longest)), text.size() > longest ? "..." : "");
}

std::string utc_time(std::chrono::sys_time<std::chrono::milliseconds> at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int(date.year()), unsigned(date.month()),
                     unsigned(date.day()), time.hours().count(), time.minutes().count(),
                     time.seconds().count(), time.subseconds().count());
}

std::string with_thousands(unsigned long long number) {
  std::string text = fmt::format_int(number).str();
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

}  // namespace ephemint::cli
