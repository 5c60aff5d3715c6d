#include "text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <locale>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace ephemint::inline v0::sandbox {
namespace {

bool read_whole(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

/// Uses a stream, as libc++ has no `from_chars` for doubles; with a dot for the decimal point, whatever the
/// process's locale is.
bool read_whole(std::string_view text, double& number) {
  if (text.empty() || text.find_first_not_of("0123456789.eE-") != text.npos) return false;
  std::istringstream in{std::string{text}};
  in.imbue(std::locale::classic());
  in >> number;
  return !in.fail() && in.peek() == std::istringstream::traits_type::eof();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::chrono::milliseconds parse_duration(std::string_view text) {
  using namespace std::chrono_literals;
  constexpr std::array<std::pair<std::string_view, std::chrono::milliseconds>, 4> units{
      {{"ms", 1ms}, {"s", 1s}, {"min", 1min}, {"h", 1h}}};
  constexpr std::uint64_t longest = 1'000'000'000'000;  // 31 years: a sum of two doesn't overflow
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::uint64_t number = 0;
  if (read_whole(text.substr(0, digits), number)) {
    for (const auto& [name, unit] : units) {
      if (text.substr(digits) != name) continue;
      const auto scale = static_cast<std::uint64_t>(unit.count());
      if (number <= longest / scale) return std::chrono::milliseconds{number * scale};
    }
  }
  throw std::invalid_argument{fmt::format(
      "{} is not a duration: give a whole number and its unit, such as 250ms, 5s or 1min", in_quotes(text))};
}

std::uint64_t parse_number(std::string_view text) {
  std::uint64_t number = 0;
  if (!read_whole(text, number))
    throw std::invalid_argument{fmt::format("{} is not a whole number of 0 or more", in_quotes(text))};
  return number;
}

double parse_probability(std::string_view text) {
  double number = -1;
  if (!read_whole(text, number) || !(number >= 0 && number <= 1))
    throw std::invalid_argument{
        fmt::format("{} is not a probability: give a number from 0 to 1", in_quotes(text))};
  return number;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string out = "\"";
  for (char c : text.substr(0, longest)) out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > longest ? "…\"" : "\"");
}

std::string json_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

std::string html_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : hex_digit(text[i]) < 0) return false;
  }
  return true;
}

bool is_visible_ascii(std::string_view text, std::size_t max_size) {
  if (text.empty() || text.size() > max_size) return false;
  for (char c : text)
    if (c < '!' || c > '~') return false;
  return true;
}

}  // namespace ephemint::inline v0::sandbox
