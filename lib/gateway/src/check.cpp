#include "access/callers.hpp"
#include "http/listening.hpp"
#include "text/origin.hpp"
#include "tickets/link_keys.hpp"

#include <ephemint/gateway/server_options.hpp>

#include <boost/url/parse.hpp>
#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

[[noreturn]] void refuse_option(std::string_view option, std::string_view what) {
  throw std::invalid_argument{fmt::format("{}: {}", option, what)};
}

std::string spelled(std::size_t number) { return std::to_string(number); }
std::string spelled(seconds time) { return fmt::format("{} s", time.count()); }
std::string spelled(milliseconds time) {
  if (time >= 1h && time % 1h == 0ms) return fmt::format("{} h", time / 1h);
  if (time >= 1s && time % 1s == 0ms) return spelled(seconds{time / 1s});
  return fmt::format("{} ms", time.count());
}

template <class Value>
void check_range(std::string_view option, Value value, Value least, Value most) {
  if (value < least || value > most)
    refuse_option(option, fmt::format("{} is out of range; give {} to {}", spelled(value), spelled(least),
                                      spelled(most)));
}

socket_address checked_address(std::string_view option, const listen_address& given) {
  try {
    return address_of(given);
  } catch (const std::invalid_argument& wrong) {
    refuse_option(option, wrong.what());
  }
}

void check_local_address(std::string_view option, const listen_address& given) {
  if (!given.on()) return;
  const socket_address address = checked_address(option, given);
  if (!address.is_local())
    refuse_option(option, fmt::format("\"{}\" can be reached from other machines; give a Unix socket or a "
                                      "loopback address",
                                      address.text()));
}

void check_listeners(const server_options& o) {
  if (!o.backend.on() && !o.login.on())
    refuse_option("backend", "neither it nor login has an address; give one of them");
  check_local_address("backend", o.backend);
  if (o.login.on()) (void)checked_address("login", o.login);
  check_local_address("admin", o.admin);
  if (o.socket_mode > 0777)
    refuse_option("socket_mode", fmt::format("{:o} isn't a mode; give 0 to 777, octal", o.socket_mode));
  check_range<std::size_t>("max_connections", o.max_connections, 1, 100'000);
  check_range<milliseconds>("transfer_timeout", o.transfer_timeout, 10ms, 1h);
  check_range<milliseconds>("keep_alive", o.keep_alive, 10ms, 1h);
}

void check_account_rate(const account_rate& rate) {
  check_range<std::size_t>("per_account.requests", rate.requests, 0, 1'000'000);
  if (rate.requests == 0) return;
  check_range<milliseconds>("per_account.window", rate.window, 1ms, 24h);
  check_range<std::size_t>("per_account.burst", rate.burst, 1, rate.requests);
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
  check_range<seconds>("max_link_age", o.max_link_age, 1s, longest_link_age);
  check_back_url(o.back_url);
}

}  // namespace

void check(const server_options& o) {
  check_range<std::size_t>("warm_up", o.warm_up, 0, 1000);
  check_range<milliseconds>("deadline", o.deadline, 100ms, 60s);
  check_listeners(o);
  check_bearers(o.bearers, o.backend.on() && !address_of(o.backend).is_unix());
  check_account_rate(o.per_account);
  check_logins(o);
  if (o.log_accounts > account_logging::none)
    refuse_option("log_accounts",
                  fmt::format("{} is no choice; give plain, hash or none", int(o.log_accounts)));
}

}  // namespace ephemint::inline v0::gateway
