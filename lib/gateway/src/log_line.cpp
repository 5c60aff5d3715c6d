#include "log_line.hpp"

#include "text/json_object.hpp"
#include "tickets/signing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

/// RFC 3339, in UTC.
std::string timestamp(std::chrono::system_clock::time_point at) {
  const auto time = std::chrono::floor<std::chrono::milliseconds>(at);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int(date.year()), unsigned(date.month()),
                     unsigned(date.day()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count(), clock.subseconds().count());
}

std::string shown(std::string_view account, account_logging how) {
  if (how == account_logging::none || account.empty()) return {};
  if (how == account_logging::plain) return std::string{account};
  const auto hash = sha256(account);
  return fmt::format("{:02x}", fmt::join(hash.begin(), hash.begin() + 8, ""));
}

}  // namespace

std::string log_line(const log_entry& entry, std::string_view listener,
                     std::chrono::system_clock::time_point at, std::chrono::milliseconds took,
                     account_logging accounts) {
  json_object line;
  const auto if_known = [&line](std::string_view name, std::string_view text) {
    if (!text.empty()) line.text(name, text);
  };
  line.text("time", timestamp(at)).text("listener", listener).text("route", entry.route);
  line.number("status", entry.status).number("ms", took.count());
  if_known("who", entry.who);
  if_known("code", entry.code);
  if_known("why", entry.why);
  if_known("account", shown(entry.account, accounts));
  if_known("request_id", entry.request_id);
  if (entry.remaining) line.number("remaining_ms", entry.remaining->count());
  return std::move(line).take();
}

}  // namespace ephemint::inline v0::gateway
