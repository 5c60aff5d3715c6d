#pragma once

#include "client_arguments.hpp"

#include <string>
#include <string_view>

namespace ephemint::cli {

/// The library speaks of its own options: `add the root to authority_file` → `add the root to --ca-file`, and
/// `rate: 0 is …` → `--rate: 0 is …`.
std::string in_words_of_the_command(std::string_view library_message);

/// The same of what the library throws for its options: where one came from the environment, that is named.
std::string in_words_of_the_command(std::string_view library_message, const client_arguments&);

}  // namespace ephemint::cli
