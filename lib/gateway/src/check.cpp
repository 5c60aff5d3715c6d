#include "check.hpp"

#include "link_keys.hpp"
#include "listening.hpp"
#include "origin.hpp"

#include <boost/url/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

[[noreturn]] void refuse_option(std::string_view option, std::string_view what) {
  throw std::invalid_argument{fmt::format("{}: {}", option, what)};
}

std::string in_words(milliseconds time) {
  if (time >= 1h && time % 1h == 0ms) return fmt::format("{} h", time / 1h);
  if (time >= 1s && time % 1s == 0ms) return fmt::format("{} s", time / 1s);
  return fmt::format("{} ms", time.count());
}

void check_time(std::string_view option, milliseconds value, milliseconds least, milliseconds most) {
  if (value < least || value > most)
    refuse_option(option, fmt::format("{} is out of range; give {} to {}", in_words(value), in_words(least),
                                      in_words(most)));
}

template <class Number>
void check_number(std::string_view option, Number value, Number least, Number most) {
  if (value < least || value > most)
    refuse_option(option, fmt::format("{} is out of range; give {} to {}", value, least, most));
}

void check_address(std::string_view option, const listen_address& given, bool local) {
  if (!given.on()) return;
  try {
    if (!address_of(given).is_local() && local)
      refuse_option(option, fmt::format("\"{}\" can be reached from other machines; give a Unix socket or a "
                                        "loopback address",
                                        address_of(given).text()));
  } catch (const std::invalid_argument& wrong) {
    const std::string_view what = wrong.what();
    if (what.starts_with(option)) throw;
    refuse_option(option, what);
  }
}

void check_listeners(const server_options& o) {
  if (!o.backend.on() && !o.login.on())
    refuse_option("backend", "neither it nor login has an address; give one of them");
  check_address("backend", o.backend, true);
  check_address("login", o.login, false);
  check_address("admin", o.admin, true);
  if (o.socket_mode > 0777)
    refuse_option("socket_mode", fmt::format("{:o} isn't a mode; give 0 to 777, octal", o.socket_mode));
  check_number<std::size_t>("max_connections", o.max_connections, 1, 100'000);
  check_time("transfer_timeout", o.transfer_timeout, 10ms, 1h);
  check_time("keep_alive", o.keep_alive, 10ms, 1h);
}

void check_account_rate(const account_rate& rate) {
  check_number("per_account.requests", rate.requests, 0U, 1'000'000U);
  if (rate.requests == 0) return;
  check_time("per_account.window", rate.window, 1ms, 24h);
  check_number("per_account.burst", rate.burst, 1U, rate.requests);
}

void check_back_url(std::string_view text) {
  if (text.empty()) return;
  const auto url = boost::urls::parse_uri(text);
  const bool on_the_web = url.has_value() && (url->scheme() == "https" || url->scheme() == "http") &&
                          !url->encoded_host().empty() && !url->has_userinfo();
  if (!on_the_web)
    refuse_option("back_url", fmt::format("\"{}\" isn't a page's URL; give one like https://app.example.com/",
                                          text.substr(0, text.find_first_of("?#@"))));
}

void check_logins(const server_options& o) {
  if (!o.login.on()) return;
  check_link_keys(o.link_keys, "link_keys");
  if (o.public_url.empty())
    refuse_option("public_url",
                  "is needed where login links are; give the origin that browsers see, like "
                  "https://login.example.com");
  (void)checked_origin(o.public_url, "public_url");
  if (o.max_link_age < 1s || o.max_link_age > longest_link_age)
    refuse_option("max_link_age", fmt::format("{} s is out of range; give 1 s to {} s",
                                              o.max_link_age.count(), longest_link_age.count()));
  check_back_url(o.back_url);
}

bool is_bearers_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace

void check_bearers(std::span<const bearer> bearers, bool needed) {
  if (needed && bearers.empty())
    refuse_option("bearers",
                  "there is none, and any process can reach a TCP address; give one at least, or "
                  "listen on a Unix socket");
  std::set<std::string_view> names;
  for (const bearer& one : bearers) {
    if (!is_bearers_name(one.name))
      refuse_option("bearers", "a name is malformed; give 1 to 64 of A-Z a-z 0-9 _ - .");
    if (!names.insert(one.name).second)
      refuse_option("bearers", fmt::format("{} is there twice; give each a name of its own", one.name));
    for (const std::string_view pattern : one.accounts)
      if (pattern.empty() || pattern.substr(0, pattern.size() - 1).find('*') != pattern.npos)
        refuse_option("bearers", fmt::format("\"{}\" of {} isn't a pattern; give an account, or its "
                                             "beginning and *",
                                             pattern, one.name));
  }
}

void check(const server_options& o) {
  check_number<std::size_t>("warm_up", o.warm_up, 0, 1000);
  check_time("deadline", o.deadline, 100ms, 60s);
  check_listeners(o);
  check_bearers(o.bearers, o.backend.on() && !address_of(o.backend).is_unix());
  check_account_rate(o.per_account);
  check_logins(o);
  if (o.log_accounts > account_logging::none)
    refuse_option("log_accounts",
                  fmt::format("{} is no choice; give plain, hash or none", int(o.log_accounts)));
}

}  // namespace ephemint::inline v0::gateway
