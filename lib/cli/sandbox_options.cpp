#include "command_options.hpp"
#include "text.hpp"
#include "usage_error.hpp"

#include <ephemint/sandbox/fault.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace ephemint::cli {
namespace {

sandbox::limiter_kind parse_limiter(const std::string& text) {
  if (text == "fixed") return sandbox::limiter_kind::fixed_window;
  if (text == "sliding") return sandbox::limiter_kind::sliding_window;
  if (text == "bucket") return sandbox::limiter_kind::token_bucket;
  throw usage_error{fmt::format("{} is not a limiter; give fixed, sliding or bucket", in_quotes(text))};
}

}  // namespace

void add_sandbox(CLI::App& app, sandbox_arguments& to, limit_arguments& limit) {
  CLI::App& command = *app.add_subcommand("sandbox", "Serve a stand-in for the API, on loopback, for tests");
  add(command, "--port", "N", "The port [any free one]", [&](const std::string& value) {
    to.server.port = static_cast<std::uint16_t>(parse_number(value, 0, 65535));
  });
  add(command, "--api-key", "KEY", "The key that requests must carry [a random TEST_ key]",
      into(to.server.api_key));
  add(command, "--rate-limit", "N/DUR", "The quota that is enforced [none]",
      [&](const std::string& value) { limit.limit = sandbox::parse_rate_limit(value); });
  add(command, "--limiter", "fixed|sliding|bucket", "How it is counted [sliding]; alone: 200/60s",
      [&](const std::string& value) { limit.kind = parse_limiter(value); });
  add(command, "--token-lifetime", "DUR", "How long a token opens the login page [10s]",
      into_duration(to.server.token_lifetime));
  add(command, "--latency", "DUR", "A wait before each reply [0ms]", into_duration(to.server.latency, true));
  add(command, "--jitter", "DUR", "A random extra of up to so much [0ms]",
      into_duration(to.server.jitter, true));
  add(command, "--fault", "SPEC", "Something that goes wrong, see below; may be repeated",
      [&](const std::string& value) { to.server.faults.push_back(sandbox::parse_fault(value)); })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add(command, "--http", "auto|1.1|2", "What is spoken [auto: HTTP/2 with clients that offer it]",
      [&](const std::string& value) { to.server.http2 = parse_http<sandbox::http2_use>(value); });
  add(command, "--ca-out", "FILE", "Where to write the certificate to trust [a temporary file]",
      [&](const std::string& path) { to.ca_file = not_empty(path); });
  command.footer(
      "Prints one line when it is ready, and serves until SIGINT or SIGTERM:\n"
      "  {\"base_url\":\"https://localhost:43117\",\"ca_file\":\"…\",\"api_key\":\"TEST_…\"}\n"
      "With -- COMMAND it prints nothing but runs that, with EPHEMINT_BASE_URL, EPHEMINT_CA_FILE and\n"
      "EPHEMINT_API_KEY set, ends with it, and gives its status (127: not found, 126: can't be run).\n\n"
      "Faults, as name=value parts with commas between them:\n"
      "  status=503,count=3               the next three requests get a 503\n"
      "  delay=80ms,jitter=40ms           80 to 120 ms each\n"
      "  delay=2s,probability=0.01        one in a hundred takes 2 s\n"
      "  account=se-7,status=401          one account is refused\n"
      "  close=before,nth=2               each connection is closed at its second request\n"
      "  goaway=NO_ERROR,nth=100          HTTP/2: each connection takes 100 requests\n\n"
      "Examples:\n"
      "  ephemint sandbox --rate-limit 20/10s -- ./portal --listen 8080\n"
      "  ephemint sandbox -- ephemint mint se-1 se-2\n"
      "  ephemint sandbox --port 8443 --api-key TEST_me --ca-out ca.pem\n"
      "  ephemint sandbox --rate-limit 20/60s --limiter fixed --latency 80ms --jitter 20ms");
}

void add_demo(CLI::App& app, demo_arguments& to) {
  CLI::App& command =
      *app.add_subcommand("demo", "A plain client and Ephemint side by side: no account, no network");
  add(command, "--accounts", "N", "For how many accounts to mint, 1 to 100000 [200]",
      [&](const std::string& value) {
        to.accounts = static_cast<std::size_t>(parse_number(value, 1, 100'000));
      });
  command.footer(
      "A plain client and Ephemint mint for the same accounts at the same time, and each has a sandbox of "
      "its\n"
      "own: it admits 60 requests in any 5 s, and some of its replies are faults. Takes some 15 seconds for\n"
      "200 accounts. On a terminal of 80 columns or more both are shown as they go: each token is a block, "
      "as\n"
      "high as the life that it has left.\n\n"
      "The plain client is what one writes in an afternoon: Boost.Beast's coroutines, verified TLS, 16 "
      "workers,\n"
      "connections kept alive; every call is tried up to 10 times, after a 429 as its Retry-After says, "
      "after a\n"
      "5xx or a lost connection with a back-off from 100 ms, doubled, and jitter. Its mint_all(accounts) "
      "returns\n"
      "a vector of tokens, when the last of them is there. It is stopped 5 s after Ephemint's end.\n\n"
      "Exit status: 0 if Ephemint minted for every account, 1 if not, 130 or 143 after SIGINT or SIGTERM.\n\n"
      "Examples:\n"
      "  ephemint demo\n"
      "  ephemint demo --accounts 60");
}

}  // namespace ephemint::cli
