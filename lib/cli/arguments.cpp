#include "arguments.hpp"

#include "command_options.hpp"
#include "option_variables.hpp"
#include "suggestion.hpp"
#include "text.hpp"
#include "usage_error.hpp"

#include <ephemint/version.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::cli {
namespace {

/// Adds the accounts, and what follows `--`, to the usage: CLI11 doesn't know about them.
class help_text : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string usage = CLI::Formatter::make_usage(app, std::move(name));
    const std::size_t end = usage.find_last_not_of('\n') + 1;
    if (app->get_name() == "mint") usage.insert(end, " [ACCOUNT...]");
    if (app->get_name() == "link") usage.insert(end, " ACCOUNT");
    if (app->get_name() == "sandbox") usage.insert(end, " [-- COMMAND...]");
    return usage;
  }
};

/// The name in an argument that may be `--name=secret`.
std::string_view name_of(std::string_view argument) {
  return argument.substr(0, argument.starts_with("--") ? argument.find('=') : 2);
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

/// `; did you mean --rate? See ephemint mint --help`
std::string hint(const std::string& meant, std::string_view command) {
  return fmt::format("; {}{}ee ephemint {}{}--help",
                     meant.empty() ? "" : fmt::format("did you mean {}? ", meant), meant.empty() ? 's' : 'S',
                     command, command.empty() ? "" : " ");
}

[[noreturn]] void refuse_option(std::string_view argument, const CLI::App& app) {
  const std::string_view name = name_of(argument);
  const std::string command = app.get_parent() ? app.get_name() : "";
  throw usage_error{
      fmt::format("there is no option {}{}", in_quotes(name), hint(nearest(name, options_of(app)), command))};
}

/// Refuses an option before the command.
[[noreturn]] void refuse_early_option(std::string_view argument, const CLI::App& app) {
  const std::string_view name = name_of(argument);
  // Several commands may have an option of that name: the given command comes first.
  std::vector<const CLI::App*> commands;
  for (const CLI::App* one : app.get_subcommands()) commands.push_back(one);
  for (const CLI::App* one : commands_of(app)) commands.push_back(one);
  for (const CLI::App* one : commands) {
    const auto names = options_of(*one);
    if (std::find(names.begin(), names.end(), name) != names.end())
      throw usage_error{fmt::format("{0} is an option of {1}; put it behind that word: ephemint {1} {2} ...",
                                    in_quotes(name), one->get_name(), name)};
  }
  refuse_option(argument, app);
}

[[noreturn]] void refuse_command(const CLI::App& app, const std::string& name) {
  std::vector<std::string> names{"help"};
  for (const CLI::App* one : commands_of(app)) names.push_back(one->get_name());
  const std::string meant = nearest(name, names);
  throw usage_error{fmt::format(
      "there is no command {}{}", in_quotes(name),
      meant.empty() ? "; give mint, gateway, link, sandbox or demo, see ephemint --help" : hint(meant, ""))};
}

/// Refuses arguments that CLI11 couldn't assign.
[[noreturn]] void refuse_extras(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  const std::vector<std::string> early = app.remaining(false);
  if (!early.empty() && early.front().starts_with('-')) refuse_early_option(early.front(), app);
  if (!early.empty() || chosen.empty()) refuse_command(app, early.empty() ? "" : early.front());
  const std::vector<std::string> extras = app.remaining(true);
  const std::string first = extras.empty() ? "" : extras.front();
  if (first.starts_with('-')) refuse_option(first, *chosen.front());
  const std::string command = chosen.front()->get_name();
  throw usage_error{
      fmt::format("{} takes no argument {}; see ephemint {} --help", command, in_quotes(first), command)};
}

/// `ephemint help mint` means `ephemint mint --help`; `ephemint` alone asks for help too.
void ask_for_help(const CLI::App& app, std::vector<std::string>& given) {
  if (given.empty()) given.emplace_back("help");
  if (given.front() != "help") return;
  given.erase(given.begin());
  const auto is_command = [&](const CLI::App* one) { return one->get_name() == given.front(); };
  const auto commands = commands_of(app);
  if (!given.empty() && given.front() == "help") given.erase(given.begin());
  if (!given.empty() && !given.front().starts_with('-') &&
      std::none_of(commands.begin(), commands.end(), is_command))
    refuse_command(app, given.front());
  given.emplace_back("--help");
}

void take_accounts(const CLI::App& mint, std::vector<std::string> behind_dashes, mint_arguments& to) {
  for (std::string& extra : mint.remaining()) {
    if (extra == "-") {
      to.accounts_file = extra;
    } else if (extra.starts_with('-')) {
      refuse_option(extra, mint);
    } else {
      to.accounts.push_back(std::move(extra));
    }
  }
  std::move(behind_dashes.begin(), behind_dashes.end(), std::back_inserter(to.accounts));
}

std::string take_account(const CLI::App& link, std::vector<std::string> behind_dashes) {
  std::vector<std::string> named = std::move(behind_dashes);
  for (std::string& extra : link.remaining()) {
    if (extra.starts_with('-')) refuse_option(extra, link);
    named.push_back(std::move(extra));
  }
  if (named.size() != 1)
    throw usage_error{
        fmt::format("link takes one account, not {}; give it as in ephemint link se-123456", named.size())};
  return std::move(named.front());
}

/// Removes `--` and what follows it from the arguments. Returns what follows; none if there is no `--`.
std::optional<std::vector<std::string>> split_at_dashes(std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes == arguments.end()) return std::nullopt;
  std::vector<std::string> behind{std::next(dashes), arguments.end()};
  arguments.erase(dashes, arguments.end());
  return behind;
}

void take_command(std::optional<std::vector<std::string>> behind_dashes, sandbox_arguments& to) {
  if (!behind_dashes) return;
  if (behind_dashes->empty() || behind_dashes->front().empty())
    throw usage_error{"--: give the command to run behind it, as in ephemint sandbox -- ./portal"};
  to.command = std::move(*behind_dashes);
}

void describe(CLI::App& app) {
  app.formatter(std::make_shared<help_text>());
  app.set_version_flag("--version", "ephemint " EPHEMINT_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  ephemint demo                      what it does, with no account and no network\n"
      "  ephemint mint se-123456            one login token, with the key in EPHEMINT_API_KEY\n"
      "  ephemint sandbox -- ./portal       your server, against a stand-in for the API\n"
      "  ephemint gateway --listen unix:/run/ephemint.sock     logins for programs in any language\n\n"
      "ephemint COMMAND --help says more, with examples; so does ephemint help COMMAND.");
}

/// The text to show, if that is all that was asked for; otherwise the commands' options get their values.
std::optional<show_text> parse(CLI::App& app, std::vector<std::string> given) {
  std::reverse(given.begin(), given.end());  // CLI11 takes them in reverse order
  try {
    app.parse(std::move(given));
  } catch (const CLI::CallForHelp&) {
    return show_text{app.help()};
  } catch (const CLI::CallForAllHelp&) {
    return show_text{app.help()};
  } catch (const CLI::CallForVersion& version) {
    return show_text{std::string{version.what()} + '\n'};
  } catch (const CLI::ExtrasError&) {
    refuse_extras(app);
  } catch (const CLI::RequiredError&) {
    if (app.remaining_size(true) > 0) refuse_extras(app);
    throw usage_error{"give a command: mint, gateway, link, sandbox or demo; see ephemint --help"};
  } catch (const CLI::ParseError& wrong) {
    throw usage_error{wrong.what()};
  }
  return std::nullopt;
}

}  // namespace

command_line parse_command_line(int count, const char* const* arguments) {
  mint_arguments mint;
  sandbox_arguments sandbox;
  demo_arguments demo;
  link_arguments link;
  gateway_arguments gateway;
  limit_arguments limit;
  CLI::App app{"Mints ShipStation API login tokens, within their ten seconds and the quota.", "ephemint"};
  describe(app);
  const CLI::App& mint_command = add_mint(app, mint);
  CLI::App& gateway_command = add_gateway(app, gateway);
  const CLI::App& link_command = add_link(app, link);
  add_sandbox(app, sandbox, limit);
  add_demo(app, demo);

  std::vector<std::string> given(arguments + std::min(count, 1), arguments + count);
  std::optional<std::vector<std::string>> behind_dashes = split_at_dashes(given);
  if (!behind_dashes) ask_for_help(app, given);
  if (auto shown = parse(app, std::move(given))) return *std::move(shown);
  if (mint_command.parsed()) {
    take_accounts(mint_command, std::move(behind_dashes).value_or(std::vector<std::string>{}), mint);
    return mint;
  }
  if (link_command.parsed()) {
    link.account = take_account(link_command, std::move(behind_dashes).value_or(std::vector<std::string>{}));
    return link;
  }
  if (app.got_subcommand("sandbox")) {
    take_command(std::move(behind_dashes), sandbox);
    sandbox.server.limit = limit.joined();
    return sandbox;
  }
  if (behind_dashes && !behind_dashes->empty())
    throw usage_error{
        fmt::format("{} is one too many; see ephemint --help", in_quotes(behind_dashes->front()))};
  if (gateway_command.parsed()) {
    gateway.by_variable = take_variables(gateway_command);
    return gateway;
  }
  return demo;
}

}  // namespace ephemint::cli
