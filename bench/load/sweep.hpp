#pragma once

#include "report.hpp"
#include "scenario_run.hpp"

#include <chrono>
#include <vector>

namespace ephemint::bench {

/// One load of a sweep.
struct sweep_point {
  std::chrono::milliseconds delay;  ///< the server's
  int percent;                      ///< of the capacity
  double capacity;                  ///< mints a second, by a closed loop
  scenario_result result;
};

/// How latency grows with load: for each delay of the server, first the rate of client and server together in
/// a closed loop with a caller for each connection, and then an open loop (Poisson) at a part of that rate.
std::vector<sweep_point> run_sweep(api_under_load&, bool short_round);

/// sweep.json, sweep.txt (a table for people and gnuplot), and the percentiles of each point.
void write(const results_directory&, const std::vector<sweep_point>&);
std::string text_of(const std::vector<sweep_point>&);

}  // namespace ephemint::bench
