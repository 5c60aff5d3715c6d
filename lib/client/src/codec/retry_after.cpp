#include "codec/ascii.hpp"
#include "codec/http_date.hpp"
#include "codec/reply.hpp"

#include <algorithm>

namespace ephemint::inline v0::detail {
namespace {

/// Longer than any window that a per-minute quota could have. Without this limit a single reply could silence
/// every caller.
constexpr std::chrono::seconds longest{std::chrono::minutes{5}};
/// No quota has a longer window, and no outage is announced for longer. A larger value wasn't meant as a
/// wait: it is a Unix time given as seconds, or the last date that can be written (R14). It is ignored.
constexpr std::chrono::seconds plausible{std::chrono::hours{24}};

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t";
  const auto first = std::min(text.find_first_not_of(blanks), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

bool is_delay_seconds(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), ascii::is_digit);
}

/// Saturates just beyond what is plausible.
std::chrono::seconds to_seconds(std::string_view digits) noexcept {
  std::chrono::seconds value{0};
  for (char c : digits)
    value = std::min(value * 10 + std::chrono::seconds{c - '0'}, plausible + std::chrono::seconds{1});
  return value;
}

std::optional<clock::duration> as_wait(std::chrono::seconds span) noexcept {
  if (span > plausible) return std::nullopt;
  return std::clamp(span, std::chrono::seconds{0}, longest);
}

}  // namespace

std::optional<clock::duration> parse_retry_after(std::string_view value, std::string_view date,
                                                 std::chrono::system_clock::time_point wall) {
  value = trimmed(value);
  if (is_delay_seconds(value)) return as_wait(to_seconds(value));
  const auto here = std::chrono::floor<std::chrono::seconds>(wall);
  const auto until = parse_http_date(value, here);
  if (!until) return std::nullopt;
  // Both times are by the server's clock, if the reply has a `Date`: our clock may be wrong.
  const auto from = parse_http_date(trimmed(date), here).value_or(here);
  return as_wait(*until - from);
}

}  // namespace ephemint::inline v0::detail
