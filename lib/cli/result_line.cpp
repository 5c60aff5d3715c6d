#include "result_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace ephemint::cli {
namespace {

using std::chrono::milliseconds;

void append_time(const result_line& line, moment at, std::string& out) {
  const auto left = std::chrono::floor<milliseconds>(line.expires_at - at.now);
  const auto remaining = std::max(left, milliseconds{0});
  if (line.form == time_form::words) {
    fmt::format_to(std::back_inserter(out), "{:>4.1f} s left", double(remaining.count() / 100) / 10);
    return;
  }
  // Rounded down as well: a token is told dead too early rather than too late.
  const auto end = std::chrono::floor<milliseconds>(at.wall) + left;
  const auto day = std::chrono::floor<std::chrono::days>(end);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{end - day};
  fmt::format_to(std::back_inserter(out),
                 ",\"remaining_ms\":{},\"expires_at\":\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z\"",
                 remaining.count(), int(date.year()), unsigned(date.month()), unsigned(date.day()),
                 time.hours().count(), time.minutes().count(), time.seconds().count(),
                 time.subseconds().count());
}

}  // namespace

void stamp(const result_line& line, moment at, std::string& out) {
  const std::string_view text{line.text};
  out += text.substr(0, line.time_at);
  if (line.form != time_form::none) append_time(line, at, out);
  out += text.substr(line.time_at);
}

}  // namespace ephemint::cli
