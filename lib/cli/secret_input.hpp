#pragma once

#include <ephemint/secret.hpp>

#include <optional>
#include <string>

namespace ephemint::cli {

/// What a file of an option holds, in words.
struct secret_kind {
  const char* option;   ///< `--api-key-file`
  const char* content;  ///< `the API key`
  const char* one;      ///< `a key`
};

/// The file's first 4 KiB at most, without line ends behind it; every copy on the way is wiped. Throws
/// `usage_error`, naming the option, if it can't be read, is empty or too big. Warns of a file that everybody
/// on the machine may read.
secret read_secret_file(const std::string& path, const secret_kind&);

/// Takes the value out of the environment, where it could be read for as long as the process lives. None if
/// there is none, or an empty one.
std::optional<secret> take_from_environment(const char* name);

}  // namespace ephemint::cli
