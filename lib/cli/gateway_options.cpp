#include "command_options.hpp"
#include "text.hpp"
#include "usage_error.hpp"
#include "values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>

namespace ephemint::cli {
namespace {

unsigned parse_mode(const std::string& text) {
  const bool octal = !text.empty() && text.find_first_not_of("01234567") == text.npos;
  if (!octal || text.size() > 4 || std::stoul(text, nullptr, 8) > 0777)
    throw usage_error{
        fmt::format("{} is not the mode of a socket; give octal digits such as 0660", in_quotes(text))};
  return static_cast<unsigned>(std::stoul(text, nullptr, 8));
}

std::chrono::milliseconds parse_deadline(const std::string& text) {
  using namespace std::chrono_literals;
  const auto time = parse_duration(text);
  if (time < 100ms || time > 1min)
    throw usage_error{fmt::format("{} is out of range; give 100ms to 60s", in_quotes(text))};
  return time;
}

/// Half of the logins may come at once, for a double click or a second tab.
gateway::account_rate parse_account_rate(const std::string& text) {
  if (text == "off") return {0, std::chrono::minutes{1}, 1};
  const std::size_t slash = text.find('/');
  if (slash == text.npos)
    throw usage_error{
        fmt::format("{} is not a rate; give logins/duration, such as 6/1min, or off", in_quotes(text))};
  const auto logins = static_cast<unsigned>(parse_number(text.substr(0, slash), 1, 1'000'000));
  return {logins, up_to_a_day(text.substr(slash + 1)), std::max(logins / 2, 1u)};
}

gateway::account_logging parse_logging(const std::string& text) {
  if (text == "plain") return gateway::account_logging::plain;
  if (text == "hash") return gateway::account_logging::hash;
  if (text == "none") return gateway::account_logging::none;
  throw usage_error{fmt::format("{} is none of them; give plain, hash or none", in_quotes(text))};
}

void add_listeners(CLI::App& command, gateway::server_options& to) {
  const auto into_text = [](std::string& target) {
    return [&target](const std::string& value) { target = not_empty(value); };
  };
  add(command, "--listen", "WHERE",
      "Where programs ask: unix:/PATH or 127.0.0.1:PORT [unix:$RUNTIME_DIRECTORY/ephemint.sock]",
      into_text(to.backend.at));
  add(command, "--login-listen", "WHERE", "Where browsers open login links: ADDRESS:PORT or unix:/PATH [off]",
      into_text(to.login.at));
  add(command, "--admin-listen", "WHERE", "Health, readiness and metrics: 127.0.0.1:PORT or unix:/PATH [off]",
      into_text(to.admin.at));
  add(command, "--socket-mode", "MODE", "Of the Unix sockets it makes [0660]",
      [&](const std::string& value) { to.socket_mode = parse_mode(value); });
}

void add_access(CLI::App& command, gateway_arguments& to) {
  add(command, "--bearer-file", "FILE",
      "Who may ask over TCP: lines of a name, a token's SHA-256 and accounts, * at their end",
      [&](const std::string& path) { to.bearer_file = not_empty(path); });
  add(command, "--per-account", "N/DUR|off", "How often one account may be logged in [6/1min]",
      [&](const std::string& value) { to.server.per_account = parse_account_rate(value); });
}

void add_links(CLI::App& command, gateway_arguments& to) {
  add(command, "--link-key-file", "FILE", "Keys that sign login links: lines of a name and its secret",
      [&](const std::string& path) { to.link_key_file = not_empty(path); });
  add(command, "--public-url", "URL", "The origin that browsers open: https://HOST[:PORT], http on loopback",
      into(to.server.public_url));
  add(command, "--back-url", "URL", "Where the pages of dead links lead back [nowhere]",
      into(to.server.back_url));
  add(command, "--max-link-age", "DUR", "How long a link may live, 1s to 300s [60s]",
      [&](const std::string& value) { to.server.max_link_age = parse_link_age(value); });
  command.add_flag("--confirm", to.server.confirm, "Show a button first: for links that go out by mail");
  add(command, "--same-site", "on|off", "Refuse clicks from other sites [off]",
      [&](const std::string& value) { to.server.same_site = parse_switch(value); });
}

void add_conduct(CLI::App& command, gateway_arguments& to) {
  add(command, "--deadline", "DUR", "The whole time of one login, 100ms to 60s [8s]",
      [&](const std::string& value) { to.server.deadline = parse_deadline(value); });
  add(command, "--drain-delay", "DUR",
      "How long it serves on after SIGTERM [5s; 0s if all listeners are Unix or activated sockets]",
      [&](const std::string& value) { to.drain_delay = up_to_a_day(value, true); });
  add(command, "--log-accounts", "plain|hash|none", "What the log says of accounts [plain]",
      [&](const std::string& value) { to.server.log_accounts = parse_logging(value); });
  command.add_flag("--check", to.check, "Read and check everything, say whether it would start, and end");
}

}  // namespace

std::chrono::seconds parse_link_age(const std::string& text) {
  const auto age = parse_duration(text);
  if (age % std::chrono::seconds{1} != age.zero() || age > gateway::longest_link_age)
    throw usage_error{fmt::format("{} can't be a link's age; give whole seconds, 1s to {}s", in_quotes(text),
                                  gateway::longest_link_age.count())};
  return std::chrono::duration_cast<std::chrono::seconds>(age);
}

CLI::App& add_gateway(CLI::App& app, gateway_arguments& to) {
  CLI::App& command = *app.add_subcommand("gateway", "Serve logins to programs in any language");
  add_listeners(command, to.server);
  add_access(command, to);
  add_links(command, to);
  add_conduct(command, to);
  add_api(command, to);
  add_pace(command, to);
  add_attempts(command, to);
  add_store(command, to.store);
  command.footer(
      "Each option may come from the environment instead: --login-listen by EPHEMINT_LOGIN_LISTEN, --confirm "
      "by\n"
      "EPHEMINT_CONFIRM=1, several hosts by EPHEMINT_REDIRECT_HOST with commas between. The command line "
      "comes\n"
      "first. Where none names a file, api-key, link-keys and bearers are looked for in "
      "$CREDENTIALS_DIRECTORY.\n\n"
      "Prints one line when it is ready, and then its log on stderr, a JSON object a line:\n"
      "  {\"listen\":\"unix:/run/ephemint/ephemint.sock\",\"admin\":\"http://127.0.0.1:9101\"}\n"
      "SIGTERM: says on /readyz that it goes, serves on for --drain-delay, and ends when what is under way "
      "has\n"
      "ended. SIGINT: the same without a delay. A second one: at once. SIGHUP: API key, link keys and "
      "bearers are\n"
      "read again. Exit status: 0 ended by SIGTERM or SIGINT, 2 bad usage or configuration.\n\n"
      "Examples:\n"
      "  ephemint gateway --listen unix:/run/ephemint/ephemint.sock --admin-listen 127.0.0.1:9101\n"
      "  ephemint gateway --listen unix:/tmp/ephemint.sock --login-listen 127.0.0.1:8080 \\\n"
      "    --link-key-file link-keys --public-url https://login.example.com\n"
      "  curl --unix-socket /run/ephemint/ephemint.sock http://localhost/v1/tokens \\\n"
      "    -H 'Content-Type: application/json' -d '{\"account\":\"se-123456\"}'");
  return command;
}

}  // namespace ephemint::cli
