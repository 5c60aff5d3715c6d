#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>
#include <vector>

// Options that can also be set by the environment, such as `--login-listen` by EPHEMINT_LOGIN_LISTEN. The
// command line takes precedence.

namespace ephemint::cli {

/// `--login-listen` → `EPHEMINT_LOGIN_LISTEN`
std::string variable_of(std::string_view option);

/// Sets the options that weren't on the command line from the environment; an empty variable counts as unset.
/// Switches take 1, 0, true and false; an option that may be repeated takes several values, separated by
/// commas. Returns the names of the options that were set. Throws `usage_error`, naming the variable.
std::vector<std::string> take_variables(CLI::App& command);

/// `message` with the name of each of these options replaced by its variable.
std::string by_their_variables(std::string_view message, const std::vector<std::string>& options);

}  // namespace ephemint::cli
