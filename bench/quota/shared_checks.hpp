#pragma once

#include "quota/shared_processes.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ephemint::bench {

/// A figure, and what it must be.
struct live_figure {
  std::string name;
  double value = 0;
  double least = 0;
  double most = 0;
  bool timed = false;  ///< depends on how busy the machine is
  bool met() const { return value >= least && value <= most; }
};

/// An event that affects processes that share a quota, and the checks after it.
struct live_check {
  std::string name;
  shared_setup setup;
  std::function<std::vector<live_figure>(const shared_setup&, const shared_result&)> figures;
};

struct live_row {
  std::string name;
  std::vector<live_figure> figures;
  std::vector<std::string> said;  ///< if a row misses its target: what the processes printed
};

struct live_sizes {
  std::uint64_t requests;  ///< the quota
  std::chrono::milliseconds window;
  std::size_t accounts;              ///< for each of four processes, if all have the same
  std::chrono::milliseconds outage;  ///< of the store
};

live_sizes full_sizes();   ///< 60 in 6 s, 4 times 145 accounts
live_sizes short_sizes();  ///< 20 in 2 s, 4 times 28

std::vector<live_check> live_checks(const live_sizes&);
live_row perform(const std::string& program, const live_check&);

void print(const live_row&);
void write_json(const std::string& file, const std::vector<live_row>&);
bool all_met(const std::vector<live_row>&);

}  // namespace ephemint::bench
