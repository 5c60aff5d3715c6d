#pragma once

#include "client_arguments.hpp"

#include <string>
#include <string_view>

namespace ephemint::cli {

/// Replaces the library's names of options by the command's: `add the root to authority_file` → `add the root
/// to --ca-file`, and `rate: 0 is …` → `--rate: 0 is …`.
std::string in_words_of_the_command(std::string_view library_message);

/// The same for errors of the library's options: if a value came from the environment, its variable is named.
std::string in_words_of_the_command(std::string_view library_message, const client_arguments&);

}  // namespace ephemint::cli
