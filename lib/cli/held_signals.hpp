#pragma once

#include "usage_error.hpp"

#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include <signal.h>

namespace ephemint::cli {

/// From now on these signals to this process are held, also in threads that are made later, until they are
/// taken here.
class held_signals {
 public:
  explicit held_signals(std::initializer_list<int> signals);
  held_signals(const held_signals&) = delete;
  held_signals& operator=(const held_signals&) = delete;
  ~held_signals();

  /// Waits for the next signal.
  void await_one() const;

  /// Runs a command to its end, with these variables added to our environment. Returns its status, or the
  /// status for the signal that ended it. The held signals are passed on to it; SIGCHLD must be one of them.
  /// Complains if the command can't be run.
  exit_status run(const std::vector<std::string>& command,
                  const std::map<std::string, std::string>& variables) const;

 private:
  exit_status status_of(pid_t child) const;

  sigset_t held_;
  sigset_t before_;
};

}  // namespace ephemint::cli
