#include "commands.hpp"
#include "gateway_arguments.hpp"
#include "option_variables.hpp"
#include "option_words.hpp"
#include "talk.hpp"

#include <ephemint/gateway/login_link.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace ephemint::cli {
namespace {

/// The value of an option, or else that of its environment variable; then the option's name is added to
/// `by_variable`.
std::string required(const std::optional<std::string>& given, const char* option,
                     std::vector<std::string>& by_variable) {
  if (given) return *given;
  const std::string variable = variable_of(option);
  const char* const value = std::getenv(variable.c_str());
  if (!value || *value == '\0')
    throw usage_error{
        fmt::format("{} is missing; give it, or put it into the environment as {}", option, variable)};
  by_variable.emplace_back(option);
  return value;
}

std::string signed_link(const link_arguments& given, const std::string& key_file,
                        const std::string& public_url) {
  const gateway::login_link asked{.account = given.account,
                                  .redirect_to = given.redirect_to,
                                  .theme_id = given.theme_id,
                                  .max_age = given.max_age};
  const std::vector<gateway::link_key> keys = read_link_keys(key_file, complain);
  try {
    return gateway::make_login_link(asked, keys.front(), public_url);
  } catch (const std::invalid_argument& wrong) {
    throw usage_error{in_words_of_the_command(wrong.what())};
  }
}

}  // namespace

exit_status run_link(const link_arguments& given) {
  std::vector<std::string> by_variable;
  const std::string key_file = required(given.key_file, "--link-key-file", by_variable);
  const std::string public_url = required(given.public_url, "--public-url", by_variable);
  std::string line;
  try {
    line = signed_link(given, key_file, public_url) + '\n';
  } catch (const usage_error& wrong) {
    throw usage_error{by_their_variables(wrong.what(), by_variable)};
  }
  const bool written = std::fputs(line.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return written ? exit_status::all_minted : exit_status::some_failed;
}

}  // namespace ephemint::cli
