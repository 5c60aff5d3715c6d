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

void add_sources(CLI::App& mint, mint_arguments& to) {
  add(mint, "--accounts", "FILE|-", "Accounts, one a line, from a file or stdin",
      [&](const std::string& path) { to.accounts_file = not_empty(path); });
}

void add_patience(CLI::App& mint, mint_arguments& to) {
  add(mint, "--in-flight", "N", "Accounts under way at once, 1 to 100000 [2 a connection, at least 32]",
      into_number(to.in_flight, 1, 100'000));
  add(mint, "--deadline", "DUR", "The whole time of one account [none: it waits for the quota]",
      [&](const std::string& value) { to.deadline = up_to_a_day(value); });
  add(mint, "--outage-patience", "DUR",
      "How long an API that is away is waited for, without --deadline [5min]",
      [&](const std::string& value) { to.outage_patience = up_to_a_day(value, true); });
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
  add_api(mint, to);
  add_pace(mint, to);
  add_patience(mint, to);
  add_attempts(mint, to);
  add_store(mint, to.store);
  add_results(mint, to);
  mint.allow_extras();  // the accounts; CLI11's positionals would split `[a,b]`
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
