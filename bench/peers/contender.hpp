#pragma once

#include "common/nginx.hpp"
#include "report.hpp"
#include "run_client.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace ephemint::bench {

/// The input of every client in a turn.
struct task {
  const nginx& server;
  const temporary_directory& scratch;
  std::size_t connections;
  amount much;
  std::chrono::seconds load_time;  ///< for programs that run for a time instead of a number of mints
};

/// A program that does the work, as a process of its own.
struct contender {
  std::string name;
  std::function<measurement(const task&)> run;
  bool open_loop = false;  ///< it can keep a schedule
};

/// A client that isn't available here, and why.
struct absent_contender {
  std::string name;
  std::string why;
};

/// The clients that are available here, in the order of a turn, and those that aren't. The Go client is built
/// in `scratch`.
std::vector<contender> all_contenders(const temporary_directory& scratch,
                                      std::vector<absent_contender>& absent);

}  // namespace ephemint::bench
