#include "values.hpp"

#include "text.hpp"
#include "usage_error.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace ephemint::cli {
namespace {

using std::chrono::milliseconds;

template <class... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> form, Arguments&&... arguments) {
  throw usage_error{fmt::format(form, std::forward<Arguments>(arguments)...)};
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

std::optional<milliseconds> unit_of(std::string_view name) {
  using namespace std::chrono_literals;
  if (name == "ms") return 1ms;
  if (name == "s") return 1s;
  if (name == "min") return 1min;
  if (name == "h") return 1h;
  return std::nullopt;
}

std::optional<milliseconds> duration(std::string_view text) {
  constexpr std::uint64_t longest = 1'000'000'000'000;  // 31 years in ms: a sum of two doesn't overflow
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = whole_number(text.substr(0, digits));
  const auto unit = unit_of(text.substr(digits));
  if (!number || !unit || *number > longest / static_cast<std::uint64_t>(unit->count())) return std::nullopt;
  return static_cast<milliseconds::rep>(*number) * *unit;
}

}  // namespace

milliseconds parse_duration(std::string_view text, bool zero_too) {
  const auto time = duration(text);
  if (!time)
    refuse("{} is not a duration; give a whole number and its unit, such as 250ms, 5s, 1min or 1h",
           in_quotes(text));
  if (*time == milliseconds{0} && !zero_too)
    refuse("{} is no time at all; give more than 0, such as 250ms", in_quotes(text));
  return *time;
}

milliseconds up_to_a_day(std::string_view text, bool zero_too) {
  const auto time = parse_duration(text, zero_too);
  if (time > std::chrono::hours{24}) refuse("{} is too long; give at most 24h", in_quotes(text));
  return time;
}

quota parse_rate(std::string_view text) {
  if (text == "unlimited") return quota::unlimited();
  if (text == "auto") return quota::automatic();
  const std::size_t slash = text.find('/');
  if (slash != text.npos) {
    const auto requests = whole_number(text.substr(0, slash));
    const auto window = duration(text.substr(slash + 1));
    if (requests && window) {
      if (*requests == 0 || *window == milliseconds{0})
        refuse("{} lets nothing through; give at least 1 request in more than 0 time", in_quotes(text));
      return quota::declared(*requests, *window);
    }
  }
  refuse("{} is not a rate; give requests/duration, such as 200/60s or 20/1min, or unlimited, or auto",
         in_quotes(text));
}

bool parse_switch(std::string_view text) {
  if (text == "on" || text == "1" || text == "true") return true;
  if (text == "off" || text == "0" || text == "false") return false;
  refuse("{} is neither on nor off; give on or off, 1 or 0, true or false", in_quotes(text));
}

std::uint64_t parse_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789") != digits.npos)
    refuse("{} is not a whole number; give one of {} to {}", in_quotes(text), least, most);
  const auto number = whole_number(text);
  if (!number || *number < least || *number > most)
    refuse("{} is out of range; give a whole number of {} to {}", in_quotes(text), least, most);
  return *number;
}

portal_page parse_portal_page(std::string_view text) {
  for (const portal_page page : {portal_page::carriers, portal_page::billing, portal_page::onboarding})
    if (text == to_string(page)) return page;
  refuse("{} is not a page; give carriers, billing or onboarding", in_quotes(text));
}

std::string parse_uuid(std::string_view text) {
  bool good = text.size() == 36;
  for (std::size_t i = 0; good && i < text.size(); ++i)
    good = (i == 8 || i == 13 || i == 18 || i == 23) ? text[i] == '-' : is_hex(text[i]);
  if (!good) refuse("{} is not a UUID; give one like 123e4567-e89b-12d3-a456-426614174000", in_quotes(text));
  return std::string{text};
}

}  // namespace ephemint::cli
