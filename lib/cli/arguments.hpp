#pragma once

#include "commands.hpp"

#include <string>
#include <variant>

namespace ephemint::cli {

/// A text that only needs to be printed, for `--help` and `--version`.
struct show_text {
  std::string text;
};

using command_line = std::variant<show_text, mint_arguments, gateway_arguments, link_arguments,
                                  sandbox_arguments, demo_arguments>;

/// Reads the command line. Throws `usage_error` with one line that names the argument and says what is right.
/// The line never repeats anything that may be a secret.
command_line parse_command_line(int count, const char* const* arguments);

}  // namespace ephemint::cli
