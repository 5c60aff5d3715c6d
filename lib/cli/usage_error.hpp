#pragma once

#include <stdexcept>

namespace ephemint::cli {

/// Bad usage or configuration: one line that names what is wrong and says what is right. Exit status 2.
class usage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The command's exit statuses.
enum class exit_status : int { all_minted = 0, some_failed = 1, bad_usage = 2 };

}  // namespace ephemint::cli
