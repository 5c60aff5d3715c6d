#include "commands.hpp"
#include "secret_input.hpp"

#include <ephemint/gateway/login_link.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::cli {
namespace {

/// A value, and the name of where it came from.
struct named_value {
  std::string value;
  const char* name;
};

named_value given_or_from_environment(const std::optional<std::string>& given, const char* option,
                                      const char* variable) {
  if (given) return {*given, option};
  const char* const value = std::getenv(variable);
  if (!value || *value == '\0')
    throw usage_error{
        fmt::format("{} is missing; give it, or put it into the environment as {}", option, variable)};
  return {value, variable};
}

std::vector<gateway::link_key> read_keys(const named_value& file) {
  const secret text = read_secret_file(file.value, {file.name, "lines of a kid and its secret", "link keys"});
  try {
    return gateway::parse_link_keys(text.reveal());
  } catch (const std::invalid_argument& wrong) {
    throw usage_error{fmt::format("{}: {}", file.name, wrong.what())};
  }
}

/// The library speaks of `public_url`; all the rest was checked before.
std::string in_words_of_link(std::string_view message, const char* public_url) {
  constexpr std::string_view member = "public_url:";
  if (!message.starts_with(member)) return std::string{message};
  return fmt::format("{}:{}", public_url, message.substr(member.size()));
}

}  // namespace

exit_status run_link(const link_arguments& given) {
  const named_value file =
      given_or_from_environment(given.key_file, "--link-key-file", "EPHEMINT_LINK_KEY_FILE");
  const named_value url = given_or_from_environment(given.public_url, "--public-url", "EPHEMINT_PUBLIC_URL");
  const std::vector<gateway::link_key> keys = read_keys(file);
  const gateway::login_link asked{.account = given.account,
                                  .redirect_to = given.redirect_to,
                                  .theme_id = given.theme_id,
                                  .max_age = given.max_age};
  std::string line;
  try {
    line = gateway::make_login_link(asked, keys.front(), url.value) + '\n';
  } catch (const std::invalid_argument& wrong) {
    throw usage_error{in_words_of_link(wrong.what(), url.name)};
  }
  const bool written = std::fputs(line.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return written ? exit_status::all_minted : exit_status::some_failed;
}

}  // namespace ephemint::cli
