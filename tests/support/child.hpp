#pragma once

#include "support/process.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <string_view>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ephemint::test {

/// A child made by `fork`, which reports to its parent line by line, and ends without any clean-up.
class child {
 public:
  /// `body(report)` runs in the child.
  template <class Body>
  explicit child(Body body) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe(ends), 0);
    number_ = fork_process();
    if (number_ == 0) {
      ::alarm(20);  // if the child hangs, the parent doesn't
      body([to = ends[1]](std::string_view line) { write_all(to, std::string{line} + '\n'); });
      ::_exit(0);
    }
    ::close(ends[1]);
    from_ = ends[0];
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    ::close(from_);
    if (number_ > 0) ::waitpid(number_, nullptr, 0);
  }

  /// Everything that it reported, once it has ended; says so if it ended with an error. `meanwhile()` is
  /// called while it reports nothing.
  template <class Meanwhile>
  std::string told(Meanwhile meanwhile) {
    std::string all;
    char bytes[4096];
    for (ssize_t size = 1; size > 0;) {
      pollfd readable{from_, POLLIN, 0};
      while (::poll(&readable, 1, 1) == 0) meanwhile();
      size = ::read(from_, bytes, sizeof bytes);
      if (size > 0) all.append(bytes, static_cast<std::size_t>(size));
    }
    int status = 0;
    ::waitpid(number_, &status, 0);
    number_ = -1;
    if (WIFSIGNALED(status)) all += "killed by signal " + std::to_string(WTERMSIG(status)) + '\n';
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
      all += "exited with " + std::to_string(WEXITSTATUS(status)) + '\n';
    return all;
  }
  std::string told() {
    return told([] {});
  }

 private:
  static void write_all(int to, std::string_view text) {
    while (!text.empty()) {
      const ssize_t size = ::write(to, text.data(), text.size());
      if (size <= 0) ::_exit(9);
      text.remove_prefix(static_cast<std::size_t>(size));
    }
  }

  pid_t number_ = -1;
  int from_ = -1;
};

}  // namespace ephemint::test
