#pragma once

#include "quota_world.hpp"

#include <ephemint/quota.hpp>

#include <chrono>
#include <cstdint>

namespace ephemint::quota_world {

/// Other ways to share a quota through a store, with a command before each request. These are simple clients,
/// written for this comparison, not the libraries themselves: each process has one command in flight, and
/// asks again at the time that the store said, with a jitter of 5 ms.
struct central_rules {
  enum class count : std::uint8_t {
    gcra,         ///< one date: what redis-cell and redis_rate keep
    sliding_log,  ///< a sorted set of the dates at which permits were given
  };
  count how = count::gcra;
  double burst = 1;  ///< of `gcra`
  /// What a process does when the store doesn't answer: it sends all the same, as most do, or waits.
  bool open_when_lost = true;
};

strategy_maker call_a_mint(central_rules, ephemint::quota);

}  // namespace ephemint::quota_world
