#pragma once

#include "usage_error.hpp"

#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include <signal.h>

namespace ephemint::cli {

/// Signals that come to this process wait from now on, in all threads that are made later too, until they are
/// taken here.
class held_signals {
 public:
  explicit held_signals(std::initializer_list<int> signals);
  held_signals(const held_signals&) = delete;
  held_signals& operator=(const held_signals&) = delete;
  ~held_signals();

  /// Waits for the next.
  void await_one() const;

  /// Runs a command to its end, with these variables in its environment beside ours, and gives its status, or
  /// that of the signal that ended it. The signals go to it; SIGCHLD must be one of them. What can't be run
  /// is complained of.
  exit_status run(const std::vector<std::string>& command,
                  const std::map<std::string, std::string>& variables) const;

 private:
  exit_status status_of(pid_t child) const;

  sigset_t held_;
  sigset_t before_;
};

}  // namespace ephemint::cli
