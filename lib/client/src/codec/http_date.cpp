#include "codec/http_date.hpp"

#include "codec/ascii.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace ephemint::inline v0::detail {
namespace {

using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 7> short_days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> long_days{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                    "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Reads a text piece by piece. Once a piece doesn't match, all later ones fail too.
class scanner {
 public:
  explicit scanner(std::string_view text) : rest_{text} {}

  void literal(std::string_view expected) {
    if (!rest_.starts_with(expected)) return fail();
    rest_.remove_prefix(expected.size());
  }

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_.empty() || !ascii::is_digit(rest_.front())) return fail(), 0;
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

  /// asctime pads the day with a space.
  int digits_or_space() {
    if (!rest_.starts_with(' ')) return digits(2);
    rest_.remove_prefix(1);
    return digits(1);
  }

  /// Reads one of these names; its position in the list, from 1.
  template <std::size_t N>
  unsigned one_of(const std::array<std::string_view, N>& names) {
    const auto found =
        std::find_if(names.begin(), names.end(), [&](auto name) { return rest_.starts_with(name); });
    if (found == names.end()) return fail(), 0;
    rest_.remove_prefix(found->size());
    return static_cast<unsigned>(found - names.begin()) + 1;
  }

  bool ended_well() const { return !failed_ && rest_.empty(); }

 private:
  void fail() {
    failed_ = true;
    rest_ = {};
  }

  std::string_view rest_;
  bool failed_ = false;
};

struct date_fields {
  int year = 0;
  unsigned month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

void read_time(scanner& in, date_fields& date) {
  date.hour = in.digits(2);
  in.literal(":");
  date.minute = in.digits(2);
  in.literal(":");
  date.second = in.digits(2);
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
bool read_imf_fixdate(scanner in, date_fields& date) {
  in.one_of(short_days);
  in.literal(", ");
  date.day = in.digits(2);
  in.literal(" ");
  date.month = in.one_of(months);
  in.literal(" ");
  date.year = in.digits(4);
  in.literal(" ");
  read_time(in, date);
  in.literal(" GMT");
  return in.ended_well();
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
bool read_rfc_850(scanner in, date_fields& date, sys_seconds now) {
  in.one_of(long_days);
  in.literal(", ");
  date.day = in.digits(2);
  in.literal("-");
  date.month = in.one_of(months);
  in.literal("-");
  date.year = in.digits(2);
  in.literal(" ");
  read_time(in, date);
  in.literal(" GMT");
  const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
  const int this_year = static_cast<int>(today.year());
  date.year += this_year / 100 * 100;
  // RFC 9110: a year that seems more than 50 years ahead lies in the past. Near the turn of a century the
  // reverse is needed too.
  if (date.year > this_year + 50) date.year -= 100;
  if (date.year <= this_year - 50) date.year += 100;
  return in.ended_well();
}

/// `Sun Nov  6 08:49:37 1994`
bool read_asctime(scanner in, date_fields& date) {
  in.one_of(short_days);
  in.literal(" ");
  date.month = in.one_of(months);
  in.literal(" ");
  date.day = in.digits_or_space();
  in.literal(" ");
  read_time(in, date);
  in.literal(" ");
  date.year = in.digits(4);
  return in.ended_well();
}

std::optional<sys_seconds> to_time(const date_fields& date) {
  const std::chrono::year_month_day day{std::chrono::year{date.year}, std::chrono::month{date.month},
                                        std::chrono::day{static_cast<unsigned>(date.day)}};
  constexpr int leap_second = 60;
  if (!day.ok() || date.hour > 23 || date.minute > 59 || date.second > leap_second) return std::nullopt;
  return sys_days{day} + std::chrono::hours{date.hour} + std::chrono::minutes{date.minute} +
         std::chrono::seconds{date.second};
}

}  // namespace

std::optional<sys_seconds> parse_http_date(std::string_view text, sys_seconds now) {
  date_fields date;
  const scanner in{text};
  if (read_imf_fixdate(in, date) || read_rfc_850(in, date, now) || read_asctime(in, date))
    return to_time(date);
  return std::nullopt;
}

}  // namespace ephemint::inline v0::detail
