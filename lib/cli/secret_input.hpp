#pragma once

#include "talk.hpp"

#include <ephemint/secret.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::cli {

/// The words for an option's file in messages.
struct secret_kind {
  const char* option;       ///< `--api-key-file`
  const char* content;      ///< `the API key`
  const char* one;          ///< `a key`
  std::size_t most = 4096;  ///< bytes, including one too many
};

/// Writes one line to the user of the command.
using talker = std::function<void(std::string_view)>;

/// The file's text, without line ends at its end; all temporary copies are wiped. Throws `usage_error`,
/// naming the option, if the file can't be read, is empty or too big. Warns if everybody on the machine may
/// read the file.
secret read_secret_file(const std::string& path, const secret_kind&, const talker& warn = complain);

/// Removes the value from the environment, where it could be read as long as the process lives, and returns
/// it. None if it is unset or empty.
std::optional<secret> take_from_environment(const char* name);

}  // namespace ephemint::cli
