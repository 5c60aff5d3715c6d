#pragma once

#include "quota_world.hpp"

#include <chrono>
#include <cstddef>

/// The workloads of a quota that K processes share.
namespace ephemint::quota_world::shared_cases {

struct size {
  std::size_t processes = 4;
  double quota = 200;  ///< a minute
  double a_second() const { return quota / 60; }
};

/// Each process has a batch without end.
scenario batches(size);
/// The first process has a batch; logins at `load` times the quota arrive at the others, evenly.
scenario batch_beside_logins(size, double load = 0.3);
/// Only logins: 0.7 of them arrive at the first process.
scenario uneven_logins(size, double load);
/// 150 logins in 2 s at the start of each minute, spread evenly over the processes, with a deadline of 8 s.
scenario login_bursts(size);

/// The same, and one process ends without a message at `at`.
scenario with_crash(scenario, duration at);
scenario with_outage(scenario, store_outage);

/// The share of the quota that was used, from the second window on.
double use_after_first_window(const scenario&, const figures&);
/// Jain's index of the mints of the processes that have a batch (see `figures::jain`).
double fairness(const scenario&, const figures&);

}  // namespace ephemint::quota_world::shared_cases
