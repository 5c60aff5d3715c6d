#include "arguments.hpp"

#include "command_options.hpp"
#include "text.hpp"
#include "usage_error.hpp"

#include <ephemint/version.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::cli {
namespace {

/// CLI11 knows nothing of the accounts.
class help_text : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string usage = CLI::Formatter::make_usage(app, std::move(name));
    if (app->get_name() == "mint") usage.insert(usage.find_last_not_of('\n') + 1, " [ACCOUNT...]");
    return usage;
  }
};

/// The name alone of what may be `--name=secret`.
std::string name_of(std::string_view argument) {
  const bool is_long = argument.starts_with("--");
  return in_quotes(argument.substr(0, is_long ? argument.find('=') : 2));
}

[[noreturn]] void refuse_option(std::string_view argument, std::string_view command) {
  throw usage_error{fmt::format("there is no option {}; see ephemint {}{}--help", name_of(argument), command,
                                command.empty() ? "" : " ")};
}

/// What CLI11 couldn't place.
[[noreturn]] void refuse_extras(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  const std::vector<std::string> extras = app.remaining(true);
  const std::string command = chosen.empty() ? "" : chosen.front()->get_name();
  const std::string first = extras.empty() ? "" : extras.front();
  if (first.starts_with('-')) refuse_option(first, command);
  if (chosen.empty())
    throw usage_error{fmt::format("there is no command {}; give mint, sandbox or demo, see ephemint --help",
                                  in_quotes(first))};
  throw usage_error{
      fmt::format("{} takes no argument {}; see ephemint {} --help", command, in_quotes(first), command)};
}

void take_accounts(const CLI::App& mint, std::vector<std::string> behind_dashes, mint_arguments& to) {
  for (std::string& extra : mint.remaining()) {
    if (extra == "-") {
      to.accounts_file = extra;
    } else if (extra.starts_with('-')) {
      refuse_option(extra, "mint");
    } else {
      to.accounts.push_back(std::move(extra));
    }
  }
  std::move(behind_dashes.begin(), behind_dashes.end(), std::back_inserter(to.accounts));
}

/// Takes what stands behind `--` off the arguments.
std::vector<std::string> split_at_dashes(std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes == arguments.end()) return {};
  std::vector<std::string> behind{std::next(dashes), arguments.end()};
  arguments.erase(dashes, arguments.end());
  return behind;
}

}  // namespace

command_line parse_command_line(int count, const char* const* arguments) {
  mint_arguments mint;
  sandbox_arguments sandbox;
  demo_arguments demo;
  limit_arguments limit;
  CLI::App app{"Mints ShipStation API login tokens, within their ten seconds and the quota.", "ephemint"};
  app.formatter(std::make_shared<help_text>());
  app.set_version_flag("--version", "ephemint " EPHEMINT_VERSION);
  app.require_subcommand(1);
  app.footer("ephemint COMMAND --help says more, with examples.");
  const CLI::App& mint_command = add_mint(app, mint);
  add_sandbox(app, sandbox, limit);
  add_demo(app, demo);

  std::vector<std::string> given(arguments + std::min(count, 1), arguments + count);
  std::vector<std::string> behind_dashes = split_at_dashes(given);
  std::reverse(given.begin(), given.end());  // as CLI11 takes them
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
    throw usage_error{"give a command: mint, sandbox or demo; see ephemint --help"};
  } catch (const CLI::ParseError& wrong) {
    throw usage_error{wrong.what()};
  }
  if (mint_command.parsed()) {
    take_accounts(mint_command, std::move(behind_dashes), mint);
    return mint;
  }
  if (!behind_dashes.empty())
    throw usage_error{
        fmt::format("{} is one too many; see ephemint --help", in_quotes(behind_dashes.front()))};
  sandbox.server.limit = limit.joined();
  if (app.got_subcommand("sandbox")) return sandbox;
  return demo;
}

}  // namespace ephemint::cli
