#pragma once

#include <stdexcept>

namespace ephemint::cli {

/// Wrong usage or configuration: one line that says what is wrong and what is right. Exit status 2.
class usage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The command's exit statuses. `sandbox -- COMMAND` ends with the exit status of COMMAND, whatever that is.
enum class exit_status : int {
  all_minted = 0,
  some_failed = 1,
  bad_usage = 2,
  not_executable = 126,  // as in shells
  not_found = 127,
  by_signal = 128,  // plus the signal's number
};

constexpr exit_status ended_by(int signal) noexcept {
  return static_cast<exit_status>(static_cast<int>(exit_status::by_signal) + signal);
}

}  // namespace ephemint::cli
