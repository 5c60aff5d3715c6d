#pragma once

#include "common/json_text.hpp"
#include "harness/measurements.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace ephemint::bench {

/// What is compared.
struct comparison {
  std::size_t turns = 9;
  std::chrono::milliseconds length{10'000};  ///< of each of a turn's two runs
  double rate = 100;                         ///< logins a second
  std::string http = "1.1";                  ///< the HTTP version to the API: 1.1 or 2
  std::size_t starts = 20;                   ///< starts of the gateway, to measure how long they take
};

/// A run: the logins by one of the two ways.
struct run_figures {
  measurements logins;
  std::chrono::nanoseconds cpu{};  ///< of the process that mints
  double cpu_us() const {
    return static_cast<double>(cpu.count()) / 1000 / static_cast<double>(logins.minted);
  }
};

/// The same schedule by both ways.
struct turn_figures {
  run_figures direct, sidecar;
};

struct comparison_result {
  comparison asked;
  std::vector<turn_figures> turns;
  std::vector<std::chrono::nanoseconds> start_times;

  std::uint64_t failures() const;
};

comparison_result compare(const comparison&);
std::string text_of(const comparison_result&);
json_object json_of(const comparison_result&);

}  // namespace ephemint::bench
