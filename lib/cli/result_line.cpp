#include "result_line.hpp"

#include "text.hpp"

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
  // Rounded down too: a token's end is given too early rather than too late.
  const auto end = std::chrono::floor<milliseconds>(at.wall) + left;
  fmt::format_to(std::back_inserter(out), ",\"remaining_ms\":{},\"expires_at\":\"{}\"", remaining.count(),
                 utc_time(end));
}

}  // namespace

void stamp(const result_line& line, moment at, std::string& out) {
  const std::string_view text{line.text};
  out += text.substr(0, line.time_at);
  if (line.form != time_form::none) append_time(line, at, out);
  out += text.substr(line.time_at);
}

}  // namespace ephemint::cli
