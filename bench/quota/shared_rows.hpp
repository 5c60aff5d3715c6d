#pragma once

#include "quota_world.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ephemint::bench {

/// One strategy in one world.
struct shared_row {
  std::string name;
  quota_world::scenario world;
  quota_world::strategy_maker make;
};

struct shared_group {
  std::string title;
  std::vector<shared_row> rows;
};

struct shared_means {
  double use = 0;  ///< share of the quota used, from the second window on
  std::size_t refused = 0;
  std::size_t sent = 0;
  std::size_t most_in_a_window = 0;  ///< with any seed
  double in_time = 0;
  double wait_p50 = 0;  ///< seconds from a login's arrival to its request
  double wait_p99 = 0;
  double commands_a_mint = 0;
  double commands_a_second = 0;
  double jain = 0;
};

/// The means over seeds 1 to `seeds`.
shared_means mean_of(const shared_row&, std::uint64_t seeds);

/// Ephemint with a store, and other ways to share a quota.
std::vector<shared_group> shared_groups();
/// Many processes and large quotas: with a store of one core, longer leases, a gateway for each site, several
/// stores.
std::vector<shared_group> scale_groups();

}  // namespace ephemint::bench
