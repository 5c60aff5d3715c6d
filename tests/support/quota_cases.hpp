#pragma once

#include "quota_strategies.hpp"

#include <string>
#include <vector>

namespace ephemint::quota_world {

/// One line of the table: a workload, and what the client was told about the quota.
struct quota_case {
  std::string name;
  std::string what;
  scenario world;
  ephemint::quota told;
};

/// The workloads, at 200 a minute: logins at a share of the quota (W1), bursts of logins (W2), a batch (W3),
/// a batch beside logins (W4), a client that was told a wrong quota (W5) or none (W6), K = 3 more processes
/// on the same key (K=3), and processes that join one after the other (W8).
std::vector<quota_case> all_cases();
quota_case case_named(std::string_view name);

/// Means over all servers, reject variants, kinds of `Retry-After`, and seeds 1 to `seeds`; the `most_`
/// members are maxima.
struct means {
  double success = 0;
  double goodput = 0;
  double waste = 0;
  double jain = 0;
  double worst_server = 1;  ///< the lowest goodput of a server, as the mean over the kinds of `Retry-After`
  std::size_t most_in_a_window = 0;
  std::size_t most_after_a_pause = 0;
};

means run_everywhere(const quota_case&, const strategy_maker&, std::uint64_t seeds);

}  // namespace ephemint::quota_world
