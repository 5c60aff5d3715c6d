#include "arguments.hpp"

#include "command_options.hpp"
#include "mint_arguments.hpp"
#include "text.hpp"
#include "usage_error.hpp"
#include "values.hpp"

#include <ephemint/sandbox/fault.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <utility>

namespace ephemint::bench {
namespace {

using cli::usage_error;

/// The changes that the command line makes to each scenario that it names.
using change = std::function<void(scenario&)>;

struct given_arguments {
  std::vector<std::string> names;
  std::vector<change> changes;
  std::string client = "ephemint";
  std::string http = "1.1";
  bool short_round = false;
  bool list = false;
  std::optional<std::string> out;
  cli::mint_arguments server;
  bool has_server = false;
};

double parse_real(const std::string& text, double least, double most) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end || !(number >= least && number <= most))
    throw usage_error{
        fmt::format("{} is out of range; give a number of {} to {}", cli::in_quotes(text), least, most)};
  return number;
}

arrivals parse_arrivals(const std::string& text) {
  for (const arrivals how : {arrivals::constant, arrivals::poisson, arrivals::bursts})
    if (text == to_string(how)) return how;
  throw usage_error{
      fmt::format("{} is not a schedule; give constant, poisson or bursts", cli::in_quotes(text))};
}

std::string parse_http(const std::string& text) {
  if (text == "1.1" || text == "2" || text == "both") return text;
  throw usage_error{fmt::format("{} is not a version of HTTP; give 1.1, 2 or both", cli::in_quotes(text))};
}

std::string parse_client(const std::string& text) {
  if (text == "ephemint" || text == "naive" || text == "both") return text;
  throw usage_error{fmt::format("{} is not a client; give ephemint, naive or both", cli::in_quotes(text))};
}

/// An option that changes the scenarios: `parse` checks the value at once, and `set` is applied to each
/// scenario later.
template <class Parse, class Set>
void add_change(CLI::App& app, given_arguments& to, const std::string& name, const std::string& form,
                const std::string& help, Parse parse, Set set) {
  cli::add(app, name, form, help, [&to, parse, set](const std::string& text) {
    to.changes.push_back([value = parse(text), set](scenario& s) { set(s, value); });
  });
}

void add_traffic(CLI::App& app, given_arguments& to) {
  const auto duration = [](const std::string& text) { return cli::parse_duration(text); };
  add_change(app, to, "--arrivals", "KIND", "constant, poisson or bursts", parse_arrivals,
             [](scenario& s, arrivals how) { s.calls.how = how; });
  add_change(
      app, to, "--rate", "N", "Calls a second, 0.01 to 1000000",
      [](const std::string& text) { return parse_real(text, 0.01, 1e6); },
      [](scenario& s, double rate) { s.calls.rate = rate; });
  add_change(app, to, "--duration", "DUR", "How long calls are made", duration,
             [](scenario& s, std::chrono::milliseconds length) { s.length = length; });
  add_change(
      app, to, "--accounts", "N", "Accounts that call, 1 to 1000000",
      [](const std::string& text) { return cli::parse_number(text, 1, 1'000'000); },
      [](scenario& s, std::uint64_t accounts) { s.calls.accounts = accounts; });
  add_change(
      app, to, "--skew", "S", "Zipf's exponent, 0 (all alike) to 5",
      [](const std::string& text) { return parse_real(text, 0, 5); },
      [](scenario& s, double skew) { s.calls.skew = skew; });
  add_change(
      app, to, "--batch", "N", "Accounts of a batch beside the calls, 0 to 1000000",
      [](const std::string& text) { return cli::parse_number(text, 0, 1'000'000); },
      [](scenario& s, std::uint64_t batch) { s.batch = batch; });
  add_change(
      app, to, "--callers", "N", "Make the calls one at a time each; 0: nobody waits",
      [](const std::string& text) { return cli::parse_number(text, 0, 1'000'000); },
      [](scenario& s, std::uint64_t callers) { s.callers = callers; });
  add_change(
      app, to, "--seed", "N", "Of the schedule",
      [](const std::string& text) { return cli::parse_number(text, 0, UINT64_MAX); },
      [](scenario& s, std::uint64_t seed) { s.calls.seed = seed; });
}

void add_client(CLI::App& app, given_arguments& to) {
  add_change(
      app, to, "--connections", "N", "Connections at once, 1 to 4096",
      [](const std::string& text) { return cli::parse_number(text, 1, 4096); },
      [](scenario& s, std::uint64_t connections) { s.connections = connections; });
  cli::add(app, "--http", "1.1|2|both", "What Ephemint speaks [1.1]",
           [&](const std::string& text) { to.http = parse_http(text); });
  add_change(
      app, to, "--deadline", "DUR", "Of each call",
      [](const std::string& text) { return cli::parse_duration(text); },
      [](scenario& s, std::chrono::milliseconds deadline) { s.deadline = deadline; });
  add_change(
      app, to, "--quota", "N/DUR|unlimited|auto", "What the client is told",
      [](const std::string& text) { return cli::parse_rate(text); },
      [](scenario& s, const quota& rate) { s.rate = rate; });
  cli::add(app, "--client", "NAME", "ephemint, naive or both [ephemint]",
           [&](const std::string& text) { to.client = parse_client(text); });
}

void add_server(CLI::App& app, given_arguments& to) {
  const auto checked_fault = [](const std::string& text) {
    (void)sandbox::parse_fault(text);
    return text;
  };
  add_change(app, to, "--delay", "SPEC", "What delays the sandbox's replies, as delay=80ms,jitter=40ms",
             checked_fault, [](scenario& s, const std::string& delay) {
               s.server.delay = delay;
               s.server_time = sandbox::parse_fault(delay).delay;
             });
  add_change(app, to, "--fault", "SPEC", "Trouble of the sandbox's, all the time", checked_fault,
             [](scenario& s, const std::string& spec) {
               s.server.trouble = spec;
               s.server.trouble_from = std::chrono::milliseconds{0};
               s.server.trouble_to = std::chrono::hours{24};
             });
  const auto given = [&to] { to.has_server = true; };
  cli::add(app, "--base-url", "URL", "A server that is there already [a sandbox of its own]",
           [&to, given](const std::string& url) { to.server.base_url = url, given(); });
  cli::add(app, "--ca-file", "PEM", "The authority to trust there",
           [&to, given](const std::string& path) { to.server.ca_file = cli::not_empty(path), given(); });
  cli::add(app, "--api-key-file", "FILE", "The API key there [EPHEMINT_API_KEY]",
           [&to, given](const std::string& path) { to.server.api_key_file = cli::not_empty(path), given(); });
}

std::string read_file(const std::string& option, const std::string& path) {
  std::ifstream file{path};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file || text.empty())
    throw usage_error{fmt::format("{}: {} can't be read; give a PEM file", option, cli::in_quotes(path))};
  return text;
}

server_address address_of(const cli::mint_arguments& given) {
  if (!given.base_url) throw usage_error{"--base-url: is missing; give the server's URL"};
  server_address address{.base_url = *given.base_url,
                         .api_key = std::string{cli::read_api_key(given.api_key_file).reveal()},
                         .authority_pem = {}};
  if (given.ca_file) address.authority_pem = read_file("--ca-file", *given.ca_file);
  return address;
}

std::string list_of_scenarios(bool short_round) {
  std::string text;
  for (const scenario& s : all_scenarios(short_round)) text += fmt::format("{:8}{}\n", s.name, s.what);
  text += "cold    the first mint on a cold pool, after warm_up and warm; handshakes, full and resumed\n";
  text += "sweep   latency at 10, 50, 80 and 95 % of capacity, at servers that take 0, 20 and 80 ms\n";
  return text;
}

std::vector<client_kind> clients_of(const given_arguments& given) {
  std::vector<client_kind> all;
  const bool ephemint = given.client != "naive";
  if (ephemint && given.http != "2") all.push_back(client_kind::ephemint);
  if (ephemint && given.http != "1.1") all.push_back(client_kind::ephemint_http2);
  if (given.client != "ephemint") all.push_back(client_kind::naive);
  return all;
}

load_arguments resolve(const given_arguments& given) {
  load_arguments all;
  all.short_round = given.short_round;
  all.out = given.out;
  all.clients = clients_of(given);
  if (given.has_server) all.server = address_of(given.server);
  for (const std::string& name : given.names) {
    if (name == "cold")
      all.cold = true;
    else if (name == "sweep")
      all.sweep = true;
    else
      all.scenarios.push_back(scenario_named(name, given.short_round));
  }
  if (given.names.empty()) {
    const auto named = all_scenarios(given.short_round);
    all.scenarios.assign(named.begin(), named.end());
    all.cold = all.sweep = true;
  }
  for (scenario& s : all.scenarios)
    for (const change& c : given.changes) c(s);
  return all;
}

}  // namespace

std::variant<load_arguments, help_text> parse_load_arguments(int count, const char* const* arguments) {
  given_arguments given;
  CLI::App app{"Puts the API's stand-in under load by Ephemint's public face, and measures what callers see.",
               "bench_load"};
  app.add_option("SCENARIO", given.names, "What to run [all]");
  app.add_flag("--short", given.short_round, "A minute of everything instead of a quarter of an hour");
  app.add_flag("--list", given.list, "Say what the scenarios are");
  cli::add(app, "--out", "DIR", "Write JSON, HdrHistogram text and tables there",
           [&](const std::string& path) { given.out = cli::not_empty(path); });
  add_traffic(app, given);
  add_client(app, given);
  add_server(app, given);
  app.footer(
      "Examples:\n"
      "  bench_load --short\n"
      "  bench_load steady storm --client both --out results\n"
      "  bench_load steady burst mixed --http both\n"
      "  bench_load steady --rate 500 --duration 10s --delay delay=20ms --quota unlimited");
  try {
    app.parse(count, arguments);
  } catch (const CLI::CallForHelp&) {
    return help_text{app.help()};
  } catch (const CLI::ParseError& wrong) {
    throw usage_error{wrong.what()};
  }
  if (given.list) return help_text{list_of_scenarios(given.short_round)};
  return resolve(given);
}

}  // namespace ephemint::bench
