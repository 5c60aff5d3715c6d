#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>
#include <vector>

// Options that the environment may give as well: `--login-listen` by EPHEMINT_LOGIN_LISTEN. What stands on
// the command line comes first.

namespace ephemint::cli {

/// `--login-listen` → `EPHEMINT_LOGIN_LISTEN`
std::string variable_of(std::string_view option);

/// Gives the options that weren't on the command line their values from the environment; an empty variable is
/// none. Switches take 1, 0, true and false; an option that may be repeated takes several values with commas
/// between them. Gives the names of those that were taken. Throws `usage_error` that names the variable.
std::vector<std::string> take_variables(CLI::App& command);

/// `message` with the variable in the place of each of those options' names.
std::string by_their_variables(std::string_view message, const std::vector<std::string>& options);

}  // namespace ephemint::cli
