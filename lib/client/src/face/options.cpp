#include "face/options.hpp"

#include "codec/account_check.hpp"
#include "codec/ascii.hpp"
#include "codec/base_url.hpp"
#include "codec/untrusted_text.hpp"
#include "face/credential.hpp"
#include "face/quota_check.hpp"
#include "shell/credential_access.hpp"

#include <ephemint/clock.hpp>
#include <ephemint/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace ephemint::inline v0::detail {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

[[noreturn]] void refuse(std::string_view option, std::string_view what) {
  throw std::invalid_argument{fmt::format("{}: {}", option, what)};
}

/// In the largest unit that gives the exact value.
std::string text_of(milliseconds time) {
  const auto count = time.count();
  if (count == 0 || count % 100 != 0) return fmt::format("{} ms", count);
  if (time % 1h == 0ms) return fmt::format("{} h", time / 1h);
  if (time % 1min == 0ms) return fmt::format("{} min", time / 1min);
  if (time % 1s == 0ms) return fmt::format("{} s", time / 1s);
  return time > 1s ? fmt::format("{}.{} s", time / 1s, count / 100 % 10) : fmt::format("{} ms", count);
}

struct time_range {
  const char* option;
  milliseconds value, least, most;
  const char* or_else = "";
};

void check(const time_range& time) {
  if (time.value >= time.least && time.value <= time.most) return;
  refuse(time.option, fmt::format("{} is out of range; give {} to {}{}", text_of(time.value),
                                  text_of(time.least), text_of(time.most), time.or_else));
}

template <class Number>
void check_count(const char* option, Number value, Number least, Number most) {
  if (value < least || value > most)
    refuse(option, fmt::format("{} is out of range; give {} to {}", value, least, most));
}

void check_times(const client_options& o) {
  static_assert(9900ms < token_lifetime, "a token must be able to have as much left");
  if (o.deadline != no_deadline) check({"deadline", o.deadline, 1ms, 24h, ", or no_deadline"});
  check({"attempt_timeout", o.attempt_timeout, 1ms, 1h});
  check({"min_remaining", o.min_remaining, 0ms, 9900ms});
  check({"connect_timeout", o.connect_timeout, 1ms, 1h});
  check({"handshake_timeout", o.handshake_timeout, 1ms, 1h});
  check({"first_backoff", o.first_backoff, 0ms, 1min});
  check({"max_backoff", o.max_backoff, o.first_backoff, 1h, "; it starts at first_backoff"});
  check({"idle_timeout", o.idle_timeout, 1s, 1h});
  check({"max_connection_age", o.max_connection_age, 1s, 24h});
}

void check_counts(const client_options& o) {
  check_count("max_attempts", o.max_attempts, 1, 100);
  check_count("retry_budget", o.retry_budget, 0, 1'000'000);
  check_count<std::size_t>("max_connections", o.max_connections, 1, 4096);
  check_count<std::size_t>("max_streams", o.max_streams, 1, 1000);
  check_count<std::size_t>("max_queued", o.max_queued, 1, 10'000'000);
}

/// A URL as a message may show it: without a password, secrets in its query, or the key itself.
std::string shown_url(std::string_view url, const secret& key) {
  redactor redacted;
  redacted.hide(key.reveal());
  std::string text{url.substr(0, url.find_first_of("?#"))};
  const auto at = text.rfind('@');
  if (at != text.npos) {
    const auto slashes = text.find("//");
    const auto from = slashes < at ? slashes + 2 : 0;
    text.replace(from, at - from, "[redacted]");
  }
  return in_quotes(redacted(text));
}

std::string host_to_look_up(const base_url& url) { return url.is_absolute ? url.host + '.' : url.host; }

base_url checked_url(const client_options& o, const secret& key) {
  base_url url;
  if (const char* fault = parse_base_url(o.base_url, url))
    refuse("base_url", shown_url(o.base_url, key) + ' ' + fault);
  return url;
}

void check_proxy_credentials(std::string_view text) {
  constexpr std::size_t longest = 1024;
  constexpr std::string_view option = "proxy_credentials";
  if (text.size() > longest)
    refuse(option, fmt::format("has {} bytes; give at most {}", text.size(), longest));
  const auto bad = std::find_if(text.begin(), text.end(), ascii::is_control);
  if (bad != text.end())
    refuse(option, fmt::format("byte {} is a control character; is there a line break in it?",
                               bad - text.begin() + 1));
  if (text.find(':') == text.npos) refuse(option, "has no colon; give user:password");
}

std::optional<net::proxy_settings> proxy_of(const client_options& o, const secret& key) {
  if (o.proxy.empty()) {
    if (o.proxy_credentials)
      refuse("proxy_credentials", "is set, and there is no proxy; name one, or leave it");
    return std::nullopt;
  }
  base_url url;
  if (const char* fault = parse_proxy_url(o.proxy, url))
    refuse("proxy", shown_url(o.proxy, key) + ' ' + fault);
  if (o.proxy_credentials) check_proxy_credentials(o.proxy_credentials->reveal());
  return net::proxy_settings{host_to_look_up(url), url.port, o.proxy_credentials};
}

void check_trust(const client_options& o) {
  if (!o.system_authorities && o.authority_file.empty() && o.authority_pem.empty())
    refuse("system_authorities",
           "is off, and neither authority_file nor authority_pem is given: "
           "there is nothing to trust; give one of the three");
}

redirect_policy redirects_of(const client_options& o, const base_url& api) {
  redirect_policy policy;
  for (const auto& host : o.redirect_hosts) {
    const auto name = std::string_view{host}.substr(0, host.size() - (host.ends_with('.') ? 1 : 0));
    if (!is_host_name(name) && !is_ipv4_address(host))
      refuse("redirect_hosts",
             in_quotes(host) + " is not a host name; give one like dashboard.shipengine.com");
    policy.hosts.push_back(ascii::lower(name));
  }
  if (policy.hosts.empty()) policy.hosts.emplace_back("dashboard.shipengine.com");
  if (api.is_loopback) policy.any_port_host = api.host;
  return policy;
}

quota rate_of(const client_options& o, const secret& key) {
  if (o.scope != quota_scope::per_api_key && o.scope != quota_scope::per_account)
    refuse("scope", fmt::format("{} is not a scope; give per_api_key or per_account", int(o.scope)));
  if (o.governor && o.rate) refuse("rate", "is set beside governor, which has a quota of its own; leave it");
  if (o.governor && o.scope != quota_scope{})
    refuse("scope", "is set beside governor, which has a scope of its own; leave it");
  if (o.rate) check_quota(*o.rate);
  return o.rate.value_or(documented_quota(key.reveal()));
}

std::string user_agent_of(const client_options& o) {
  constexpr std::size_t longest = 256;
  const auto& text = o.user_agent;
  if (text.empty()) return "ephemint/" EPHEMINT_VERSION;
  if (text.size() > longest)
    refuse("user_agent", fmt::format("has {} characters; give at most {}", text.size(), longest));
  const auto bad =
      std::find_if_not(text.begin(), text.end(), [](char c) { return c == ' ' || ascii::is_visible(c); });
  if (bad != text.end())
    refuse("user_agent", fmt::format("character {} is {}; give visible ASCII and spaces only",
                                     bad - text.begin() + 1, cleaned({&*bad, 1}, 8)));
  return text;
}

}  // namespace

net::http_offer http_offer_of(http2_use use, bool speaks_http2) {
  switch (use) {
    case http2_use::automatic:
      return speaks_http2 ? net::http_offer::both : net::http_offer::http1;
    case http2_use::never:
      return net::http_offer::http1;
    case http2_use::only:
      if (!speaks_http2)
        refuse("http2",
               "only can't be had, as this library was built without nghttp2; give automatic or never");
      return net::http_offer::http2;
  }
  refuse("http2", fmt::format("{} is no use of HTTP/2; give automatic, never or only", int(use)));
}

checked_options check(const client_options& o) {
  const auto key = credential_access::state(o.api_key)->current().text;
  check_key(*key);
  const base_url url = checked_url(o, *key);
  check_trust(o);
  check_times(o);
  check_counts(o);
  checked_options checked;
  checked.endpoint = {host_to_look_up(url),
                      url.port,
                      o.system_authorities,
                      o.authority_file,
                      o.authority_pem,
                      o.resume_sessions,
                      http_offer_of(o.http2, net::speaks_http2()),
                      static_cast<std::uint32_t>(o.max_streams),
                      proxy_of(o, *key)};
  checked.host_header = url.host_header();
  checked.bare_target = url.prefix + "/v1/tokens/ephemeral";
  checked.target = checked.bare_target + "?redirect=shipengine-dashboard";
  checked.user_agent = user_agent_of(o);
  checked.redirects = redirects_of(o, url);
  checked.rate = rate_of(o, *key);
  return checked;
}

std::string check(const mint_request& request) {
  if (auto fault = check(request.account); !fault.empty()) return fault;
  if (request.urgency != priority::interactive && request.urgency != priority::background)
    return fmt::format("urgency: {} is no priority; give interactive or background", int(request.urgency));
  if (request.deadline < 0ms)
    return fmt::format("deadline: {} is negative; give 0 (the client's default) or more",
                       text_of(request.deadline));
  if (request.deadline > 24h && request.deadline != no_deadline)
    return fmt::format("deadline: {} is too long; give at most 24 h, or no_deadline",
                       text_of(request.deadline));
  if (request.outage_patience < 0ms || request.outage_patience > 24h)
    return fmt::format("outage_patience: {} is out of range; give 0 ms to 24 h",
                       text_of(request.outage_patience));
  return {};
}

}  // namespace ephemint::inline v0::detail
