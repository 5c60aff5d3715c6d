#include "codec/ascii.hpp"
#include "codec/http_date.hpp"
#include "codec/reply.hpp"

#include <algorithm>

namespace ephemint::inline v0::detail {
namespace {

/// Longer than any window that a per-minute quota could have: a server that asks for more would silence every
/// caller by one reply.
constexpr std::chrono::seconds longest{std::chrono::minutes{5}};

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t";
  const auto first = std::min(text.find_first_not_of(blanks), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

bool is_delay_seconds(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), ascii::is_digit);
}

std::chrono::seconds to_seconds(std::string_view digits) noexcept {
  std::chrono::seconds value{0};
  for (char c : digits) value = std::min(value * 10 + std::chrono::seconds{c - '0'}, longest);
  return value;
}

}  // namespace

std::optional<clock::duration> parse_retry_after(std::string_view value, std::string_view date,
                                                 std::chrono::system_clock::time_point wall) {
  value = trimmed(value);
  if (is_delay_seconds(value)) return to_seconds(value);
  const auto here = std::chrono::floor<std::chrono::seconds>(wall);
  const auto until = parse_http_date(value, here);
  if (!until) return std::nullopt;
  // Both by the server's clock, if it tells: ours may be wrong.
  const auto from = parse_http_date(trimmed(date), here).value_or(here);
  return std::clamp(*until - from, std::chrono::seconds{0}, longest);
}

}  // namespace ephemint::inline v0::detail
