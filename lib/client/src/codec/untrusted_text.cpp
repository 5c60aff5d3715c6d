#include "codec/untrusted_text.hpp"

#include <algorithm>
#include <cassert>

namespace ephemint::inline v0::detail {
namespace {

struct character {
  std::size_t size = 1;  ///< in bytes
  char32_t code = 0;
  bool legal = false;  ///< valid UTF-8: in its shortest form, and no surrogate
};

constexpr std::size_t sequence_size(unsigned char lead) noexcept {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

/// The first character of a text that isn't empty.
character decode(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = sequence_size(lead);
  if (size == 0 || size > text.size()) return {};
  if (size == 1) return {1, lead, true};
  char32_t code = lead & (0x7fu >> size);
  for (char c : text.substr(1, size - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) return {};
    code = code << 6 | (byte & 0x3f);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < least[size] || code > 0x10ffff || surrogate) return {};
  return {size, code, true};
}

/// Control characters, and marks that break lines or change the direction of text: with them a log line can
/// look like another.
constexpr bool deceives(char32_t code) noexcept {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e || code == 0x200f ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

void append_escaped(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'\\', 'x', digits[byte >> 4], digits[byte & 0xf]};
  }
}

}  // namespace

std::string cleaned(std::string_view text, std::size_t cap) {
  constexpr std::string_view cut = "...";
  assert(cap >= cut.size());
  std::string out;
  std::size_t room_for_cut = 0;  // the last length at which the mark still fits
  while (!text.empty()) {
    const character next = decode(text);
    const auto bytes = text.substr(0, next.size);
    if (next.legal && !deceives(next.code))
      out += bytes;
    else
      append_escaped(out, bytes);
    text.remove_prefix(next.size);
    if (out.size() > cap) {
      out.resize(room_for_cut);
      return out += cut;
    }
    if (out.size() + cut.size() <= cap) room_for_cut = out.size();
  }
  return out;
}

std::string in_quotes(std::string_view text, std::size_t cap) { return '"' + cleaned(text, cap) + '"'; }

void redactor::hide(std::string_view secret_text) noexcept {
  assert(count_ < hidden_.size());
  hidden_[count_++] = secret_text;
}

bool redactor::finds(std::string_view text) const noexcept {
  const auto is_in = [text](std::string_view hidden) {
    return hidden.size() >= shortest && text.find(hidden) != text.npos;
  };
  return std::ranges::any_of(all_hidden_, is_in) || std::ranges::any_of(hidden_, is_in);
}

std::string redactor::operator()(std::string_view text) const {
  constexpr std::string_view mark = "[redacted]";
  std::string out{text};
  const auto take_out = [&](std::string_view hidden) {
    if (hidden.size() < shortest) return;
    for (auto at = out.find(hidden); at != out.npos; at = out.find(hidden, at + mark.size()))
      out.replace(at, hidden.size(), mark);
  };
  std::ranges::for_each(all_hidden_, take_out);
  std::ranges::for_each(hidden_, take_out);
  return out;
}

}  // namespace ephemint::inline v0::detail
