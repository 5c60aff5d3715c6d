#pragma once

#include "run_client.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace ephemint::bench {

/// What is compared, and where the results go.
struct comparison {
  std::size_t turns = 5;
  std::vector<std::size_t> connections = {1, 16, 64, 256};
  std::vector<std::string> clients = {};  ///< empty: all
  amount much = {.mints = 50'000};        ///< its `warm_up` is chosen by the comparison
  std::chrono::seconds load_time{2};      ///< for wrk and h2load
  std::string json_file = {};             ///< every run, raw; empty: none
  std::string table_file = {};            ///< for bench/plots/cpu.gp; empty: none
};

/// Runs every client in turn, so many turns for each number of connections, with one nginx, and prints a
/// table. Returns whether all mints succeeded. Throws `std::invalid_argument` if a client isn't known.
bool compare(const comparison&);

}  // namespace ephemint::bench
