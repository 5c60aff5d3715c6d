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

/// Each has a batch without an end.
scenario batches(size);
/// The first has a batch; logins at `load` times the quota come at the others, evenly.
scenario batch_beside_logins(size, double load = 0.3);
/// Logins alone: 0.7 of them come at the first process.
scenario uneven_logins(size, double load);
/// 150 logins in 2 s at each minute's start, evenly, 8 s.
scenario login_bursts(size);

/// The same, and one process ends without a word at `at`.
scenario with_crash(scenario, duration at);
scenario with_outage(scenario, store_outage);

/// What the server would have admitted of the quota, from the second window on.
double use_after_first_window(const scenario&, const figures&);
/// Jain's index of the mints of those that have a batch.
double fairness(const scenario&, const figures&);

}  // namespace ephemint::quota_world::shared_cases
