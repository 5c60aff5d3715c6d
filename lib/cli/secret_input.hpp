#pragma once

#include "talk.hpp"

#include <ephemint/secret.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::cli {

/// What a file of an option holds, in words.
struct secret_kind {
  const char* option;       ///< `--api-key-file`
  const char* content;      ///< `the API key`
  const char* one;          ///< `a key`
  std::size_t most = 4096;  ///< bytes, one too many included
};

/// Says one line to whoever runs the command.
using talker = std::function<void(std::string_view)>;

/// The file's text, without line ends behind it; every copy on the way is wiped. Throws
/// `usage_error`, naming the option, if it can't be read, is empty or too big. Warns of a file that everybody
/// on the machine may read.
secret read_secret_file(const std::string& path, const secret_kind&, const talker& warn = complain);

/// Takes the value out of the environment, where it could be read for as long as the process lives. None if
/// there is none, or an empty one.
std::optional<secret> take_from_environment(const char* name);

}  // namespace ephemint::cli
