#include "command_options.hpp"
#include "text.hpp"
#include "usage_error.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace ephemint::cli {
namespace {

result_format parse_format(const std::string& text) {
  if (text == "text") return result_format::text;
  if (text == "json") return result_format::json;
  if (text == "url") return result_format::url;
  throw usage_error{fmt::format("{} is not a format; give text, json or url", in_quotes(text))};
}

std::chrono::milliseconds up_to_a_day(const std::string& text, bool zero_too = false) {
  const auto time = parse_duration(text, zero_too);
  if (time > std::chrono::hours{24})
    throw usage_error{fmt::format("{} is too long; give at most 24h", in_quotes(text))};
  return time;
}

void refuse_key(const std::string&) {
  throw usage_error{
      "everybody on this machine can read the command line; put the key into the environment as "
      "EPHEMINT_API_KEY, or "
      "into a file for --api-key-file"};
}

void add_sources(CLI::App& mint, mint_arguments& to) {
  add(mint, "--accounts", "FILE|-", "Accounts, one a line, from a file or stdin",
      [&](const std::string& path) { to.accounts_file = not_empty(path); });
  add(mint, "--base-url", "URL", "The API [EPHEMINT_BASE_URL, https://api.shipengine.com]",
      into(to.base_url));
  add(mint, "--api-key-file", "FILE", "The API key [EPHEMINT_API_KEY]",
      [&](const std::string& path) { to.api_key_file = not_empty(path); });
  add(mint, "--api-key", "", "", refuse_key)->group("");
  add(mint, "--ca-file", "PEM", "Authorities to trust beside the system's [EPHEMINT_CA_FILE]",
      [&](const std::string& path) { to.ca_file = not_empty(path); });
  add(mint, "--redirect-host", "HOST",
      "A host that redirect_url may name beside the portal's own; may be repeated",
      [&](const std::string& host) { to.redirect_hosts.push_back(not_empty(host)); })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add(mint, "--proxy", "URL", "The HTTP proxy on the way to the API: http://HOST:PORT [EPHEMINT_PROXY, none]",
      into(to.proxy));
  add(mint, "--proxy-credentials-file", "FILE", "For the proxy: one line, user:password",
      [&](const std::string& path) { to.proxy_credentials_file = not_empty(path); });
}

void add_pace(CLI::App& mint, mint_arguments& to) {
  add(mint, "--rate", "N/DUR|unlimited|auto", "The quota [200/60s; 20/60s for keys that begin TEST_]",
      [&](const std::string& value) { to.rate = parse_rate(value); });
  add(mint, "--connections", "N", "Connections at once, 1 to 4096 [8]", into_number(to.connections, 1, 4096));
  add(mint, "--http", "auto|1.1|2", "What is spoken [auto: HTTP/2 where the server takes it]",
      [&](const std::string& value) { to.http2 = parse_http<http2_use>(value); });
  add(mint, "--in-flight", "N", "Accounts under way at once, 1 to 100000 [2 a connection, at least 32]",
      into_number(to.in_flight, 1, 100'000));
  add(mint, "--deadline", "DUR", "The whole time of one account [none: it waits for the quota]",
      [&](const std::string& value) { to.deadline = up_to_a_day(value); });
  add(mint, "--outage-patience", "DUR",
      "How long an API that is away is waited for, without --deadline [5min]",
      [&](const std::string& value) { to.outage_patience = up_to_a_day(value, true); });
  add(mint, "--attempt-timeout", "DUR", "The time of one request [2s]", into_duration(to.attempt_timeout));
  add(mint, "--max-attempts", "N", "Requests for one account, 1 to 100 [3]",
      into_number(to.max_attempts, 1, 100));
  mint.add_flag("--hedge", to.hedge, "Send a second request beside one that is late: 2 in 100 at most");
  add(mint, "--min-remaining", "DUR", "A token with less time left is minted anew [5s]",
      into_duration(to.min_remaining, true));
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

void add_store(CLI::App& mint, quota_store_arguments& to) {
  add(mint, "--quota-store", "URL",
      "Where processes share the quota: redis://, rediss:// or redis-sentinel://; --rate is then that of all "
      "together",
      into(to.url));
  add(mint, "--quota-store-password-file", "FILE", "The store's password [EPHEMINT_QUOTA_STORE_PASSWORD]",
      [&](const std::string& path) { to.password_file = not_empty(path); });
  add(mint, "--quota-share", "N/DUR", "What to send while the store was never reached [a tenth of --rate]",
      [&](const std::string& value) { to.share = declared_rate(value); });
  add(mint, "--quota-lost", "share|stop",
      "While the store is away: go on with a share, or send nothing [share]",
      [&](const std::string& value) { to.stop_if_lost = parse_lost(value); });
}

void add_results(CLI::App& mint, mint_arguments& to) {
  add(mint, "--redirect-to", "PAGE", "Where to land: carriers, billing or onboarding",
      [&](const std::string& value) { to.redirect_to = parse_portal_page(value); });
  add(mint, "--theme-id", "UUID", "A theme for the portal",
      [&](const std::string& value) { to.theme_id = parse_uuid(value); });
  mint.add_flag("--token-only", to.token_only, "Ask for the token alone, without a URL to the portal");
  add(mint, "--format", "text|json|url", "How results are printed [text on a terminal, else json]",
      [&](const std::string& value) { to.format = parse_format(value); });
  add(mint, "--metrics-file", "FILE", "Metrics for Prometheus, written anew every 5 s and at the end",
      [&](const std::string& path) { to.metrics_file = not_empty(path); });
}

}  // namespace

CLI::App& add_mint(CLI::App& app, mint_arguments& to) {
  CLI::App& mint = *app.add_subcommand("mint", "Mint a login token for each account");
  add_sources(mint, to);
  add_pace(mint, to);
  add_store(mint, to.store);
  add_results(mint, to);
  mint.allow_extras();  // the accounts; CLI11's positionals would take `[a,b]` apart
  mint.footer(
      "Prints one result for each account, as it comes. A token lives 10 seconds: use each at once, and "
      "keep\n"
      "none. Into a pipe a line goes when its reader has taken the one before; with another\n"
      "program in between than tee or cat, look at expires_at.\n"
      "--format url is the URL alone for one account; for more, the account and a tab stand before it.\n"
      "An option that is given twice counts as it was given last.\n"
      "Exit status: 0 every account minted, 1 some failed, 2 bad usage or configuration, 130 or 143 ended "
      "by\n"
      "SIGINT or SIGTERM.\n\n"
      "Examples:\n"
      "  ephemint mint se-123456\n"
      "  ephemint mint --format url --redirect-to billing se-123456\n"
      "  ephemint mint --accounts customers.txt --api-key-file /run/secrets/shipengine | ./log-them-in\n"
      "  psql -Atc 'select account from customers' | ephemint mint --accounts - | ./log-them-in");
  return mint;
}

}  // namespace ephemint::cli
