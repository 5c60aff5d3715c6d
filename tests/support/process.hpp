#pragma once

#include <cerrno>
#include <system_error>

#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

namespace ephemint::test {

/// `fork`, which throws where that returns -1.
inline pid_t fork_process() {
  const pid_t number = ::fork();
  if (number == -1) throw std::system_error{errno, std::generic_category(), "fork"};
  return number;
}

/// `kill`, for one process alone: returns false, and signals nothing, for 0 and less, by which `kill` means
/// the whole process group of the tests, or every process of the user.
inline bool signal_process(pid_t number, int signal) noexcept {
  return number > 0 && ::kill(number, signal) == 0;
}

}  // namespace ephemint::test
