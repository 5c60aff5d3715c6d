#include "http2_header_decoder.hpp"

#include <array>
#include <cstdint>

namespace ephemint::test::http2 {

namespace {

using entry_view = std::pair<std::string_view, std::string_view>;

/// RFC 7541, appendix A.
constexpr std::array<entry_view, 61> static_table{{
    {":authority", ""},
    {":method", "GET"},
    {":method", "POST"},
    {":path", "/"},
    {":path", "/index.html"},
    {":scheme", "http"},
    {":scheme", "https"},
    {":status", "200"},
    {":status", "204"},
    {":status", "206"},
    {":status", "304"},
    {":status", "400"},
    {":status", "404"},
    {":status", "500"},
    {"accept-charset", ""},
    {"accept-encoding", "gzip, deflate"},
    {"accept-language", ""},
    {"accept-ranges", ""},
    {"accept", ""},
    {"access-control-allow-origin", ""},
    {"age", ""},
    {"allow", ""},
    {"authorization", ""},
    {"cache-control", ""},
    {"content-disposition", ""},
    {"content-encoding", ""},
    {"content-language", ""},
    {"content-length", ""},
    {"content-location", ""},
    {"content-range", ""},
    {"content-type", ""},
    {"cookie", ""},
    {"date", ""},
    {"etag", ""},
    {"expect", ""},
    {"expires", ""},
    {"from", ""},
    {"host", ""},
    {"if-match", ""},
    {"if-modified-since", ""},
    {"if-none-match", ""},
    {"if-range", ""},
    {"if-unmodified-since", ""},
    {"last-modified", ""},
    {"link", ""},
    {"location", ""},
    {"max-forwards", ""},
    {"proxy-authenticate", ""},
    {"proxy-authorization", ""},
    {"range", ""},
    {"referer", ""},
    {"refresh", ""},
    {"retry-after", ""},
    {"server", ""},
    {"set-cookie", ""},
    {"strict-transport-security", ""},
    {"transfer-encoding", ""},
    {"user-agent", ""},
    {"vary", ""},
    {"via", ""},
    {"www-authenticate", ""},
}};

/// RFC 7541, appendix B: the characters whose codes have that many bits, in the order of their codes. The
/// codes are canonical: each is the one before plus 1, shifted left where the codes get longer.
struct code_length {
  int bits;
  std::string_view characters;
};
using namespace std::string_view_literals;
constexpr std::array<code_length, 10> huffman{{{5, "012aceiost"},
                                               {6, " %-./3456789=A_bdfghlmnpru"},
                                               {7, ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"},
                                               {8, "&*,;XZ"},
                                               {10, "!\"()?"},
                                               {11, "'+|"},
                                               {12, "#>"},
                                               {13, "\0$@[]~"sv},
                                               {14, "^}"},
                                               {15, "<`{"}}};

/// The character whose code is these bits, if there is one.
std::optional<char> character_of(std::uint32_t code, int bits) {
  std::uint32_t first = 0;
  int length = huffman.front().bits;
  for (const auto& [wanted, characters] : huffman) {
    first <<= wanted - length;
    length = wanted;
    if (bits == length && code >= first && code - first < characters.size()) return characters[code - first];
    first += static_cast<std::uint32_t>(characters.size());
  }
  return std::nullopt;
}

std::optional<std::string> huffman_text(std::string_view bytes) {
  constexpr int longest = 15;
  std::string text;
  std::uint32_t code = 0;
  int bits = 0;
  for (const char byte : bytes) {
    for (int i = 7; i >= 0; --i) {
      code = code << 1 | (static_cast<unsigned char>(byte) >> i & 1u);
      if (++bits > longest) return std::nullopt;
      const auto found = character_of(code, bits);
      if (!found) continue;
      text += *found;
      code = 0;
      bits = 0;
    }
  }
  const bool padded_with_ones = bits < 8 && code == (1u << bits) - 1;
  return padded_with_ones ? std::optional{text} : std::nullopt;
}

}  // namespace

std::optional<std::vector<decoded_field>> header_decoder::decode(std::string_view block) {
  rest_ = block;
  std::vector<decoded_field> fields;
  while (!rest_.empty()) {
    const auto first = static_cast<unsigned char>(rest_.front());
    if ((first & 0xe0) == 0x20) {  // the table's new size
      if (!integer(5)) return std::nullopt;
      continue;
    }
    auto one = next();
    if (!one) return std::nullopt;
    fields.push_back(std::move(*one));
  }
  return fields;
}

std::optional<decoded_field> header_decoder::next() {
  const auto first = static_cast<unsigned char>(rest_.front());
  if ((first & 0x80) != 0) {
    const auto index = integer(7);
    auto known = index ? entry(*index) : std::nullopt;
    if (!known) return std::nullopt;
    return decoded_field{std::move(known->first), std::move(known->second)};
  }
  if ((first & 0x40) != 0) {
    auto one = literal(6);
    if (one) remembered_.emplace_front(one->name, one->value);
    return one;
  }
  auto one = literal(4);
  if (one) one->never_indexed = (first & 0x10) != 0;
  return one;
}

std::optional<decoded_field> header_decoder::literal(int prefix) {
  const auto index = integer(prefix);
  if (!index) return std::nullopt;
  decoded_field one;
  if (*index == 0) {
    auto name = text();
    if (!name) return std::nullopt;
    one.name = std::move(*name);
  } else {
    auto known = entry(*index);
    if (!known) return std::nullopt;
    one.name = std::move(known->first);
  }
  auto value = text();
  if (!value) return std::nullopt;
  one.value = std::move(*value);
  return one;
}

std::optional<std::pair<std::string, std::string>> header_decoder::entry(std::size_t index) const {
  if (index == 0) return std::nullopt;
  if (index <= static_table.size())
    return std::pair{std::string{static_table[index - 1].first}, std::string{static_table[index - 1].second}};
  index -= static_table.size() + 1;
  if (index >= remembered_.size()) return std::nullopt;
  return remembered_[index];
}

std::optional<std::size_t> header_decoder::integer(int prefix) {
  if (rest_.empty()) return std::nullopt;
  const std::size_t most = (std::size_t{1} << prefix) - 1;
  std::size_t value = static_cast<unsigned char>(rest_.front()) & most;
  rest_.remove_prefix(1);
  if (value < most) return value;
  for (int shift = 0; shift < 28 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value += static_cast<std::size_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

std::optional<std::string> header_decoder::text() {
  if (rest_.empty()) return std::nullopt;
  const bool is_huffman = (static_cast<unsigned char>(rest_.front()) & 0x80) != 0;
  const auto size = integer(7);
  if (!size || *size > rest_.size()) return std::nullopt;
  const auto bytes = rest_.substr(0, *size);
  rest_.remove_prefix(*size);
  return is_huffman ? huffman_text(bytes) : std::optional{std::string{bytes}};
}

}  // namespace ephemint::test::http2
