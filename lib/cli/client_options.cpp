#include "command_options.hpp"
#include "text.hpp"
#include "usage_error.hpp"

#include <fmt/format.h>

#include <string>

namespace ephemint::cli {
namespace {

void refuse_key(const std::string&) {
  throw usage_error{
      "everybody on this machine can read the command line; put the key into the environment as "
      "EPHEMINT_API_KEY, or "
      "into a file for --api-key-file"};
}

bool parse_lost(const std::string& text) {
  if (text == "share") return false;
  if (text == "stop") return true;
  throw usage_error{fmt::format("{} is neither; give share or stop", in_quotes(text))};
}

quota declared_rate(const std::string& text) {
  const quota rate = parse_rate(text);
  if (rate.how() != quota::mode::declared)
    throw usage_error{
        fmt::format("{} is not a rate; give requests/duration, such as 50/60s", in_quotes(text))};
  return rate;
}

}  // namespace

void add_api(CLI::App& command, client_arguments& to) {
  add(command, "--base-url", "URL", "The API [EPHEMINT_BASE_URL, https://api.shipengine.com]",
      into(to.base_url));
  add(command, "--api-key-file", "FILE", "The API key [EPHEMINT_API_KEY]",
      [&](const std::string& path) { to.api_key_file = not_empty(path); });
  add(command, "--api-key", "", "", refuse_key)->group("");
  add(command, "--ca-file", "PEM", "Authorities to trust beside the system's [EPHEMINT_CA_FILE]",
      [&](const std::string& path) { to.ca_file = not_empty(path); });
  add(command, "--redirect-host", "HOST",
      "A host that redirect_url may name beside the portal's own; may be repeated",
      [&](const std::string& host) { to.redirect_hosts.push_back(not_empty(host)); })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add(command, "--proxy", "URL",
      "The HTTP proxy on the way to the API: http://HOST:PORT [EPHEMINT_PROXY, none]", into(to.proxy));
  add(command, "--proxy-credentials-file", "FILE", "For the proxy: one line, user:password",
      [&](const std::string& path) { to.proxy_credentials_file = not_empty(path); });
}

void add_pace(CLI::App& command, client_arguments& to) {
  add(command, "--rate", "N/DUR|unlimited|auto", "The quota [200/60s; 20/60s for keys that begin TEST_]",
      [&](const std::string& value) { to.rate = parse_rate(value); });
  add(command, "--connections", "N", "Connections at once, 1 to 4096 [8]",
      into_number(to.connections, 1, 4096));
  add(command, "--http", "auto|1.1|2", "What is spoken [auto: HTTP/2 where the server takes it]",
      [&](const std::string& value) { to.http2 = parse_http<http2_use>(value); });
}

void add_attempts(CLI::App& command, client_arguments& to) {
  add(command, "--attempt-timeout", "DUR", "The time of one request [2s]", into_duration(to.attempt_timeout));
  add(command, "--max-attempts", "N", "Requests for one account, 1 to 100 [3]",
      into_number(to.max_attempts, 1, 100));
  command.add_flag("--hedge", to.hedge, "Send a second request beside one that is late: 2 in 100 at most");
  add(command, "--min-remaining", "DUR", "A token with less time left is minted anew [5s]",
      into_duration(to.min_remaining, true));
}

void add_store(CLI::App& command, quota_store_arguments& to) {
  add(command, "--quota-store", "URL",
      "Where processes share the quota: redis://, rediss:// or redis-sentinel://; --rate is then that of all "
      "together",
      into(to.url));
  add(command, "--quota-store-password-file", "FILE", "The store's password [EPHEMINT_QUOTA_STORE_PASSWORD]",
      [&](const std::string& path) { to.password_file = not_empty(path); });
  add(command, "--quota-share", "N/DUR", "What to send while the store was never reached [a tenth of --rate]",
      [&](const std::string& value) { to.share = declared_rate(value); });
  add(command, "--quota-lost", "share|stop",
      "While the store is away: go on with a share, or send nothing [share]",
      [&](const std::string& value) { to.stop_if_lost = parse_lost(value); });
}

}  // namespace ephemint::cli
