#pragma once

#include "quota_world.hpp"

#include <ephemint/quota.hpp>

#include <chrono>
#include <cstdint>

namespace ephemint::quota_world {

/// How others share a quota through a store: a command before each request. Simple honest clients of ours,
/// not the libraries themselves: one ask in flight a process, a refused one comes again when the store said,
/// with a jitter of 5 ms.
struct central_rules {
  enum class count : std::uint8_t {
    gcra,         ///< one date: what redis-cell and redis_rate keep
    sliding_log,  ///< a sorted set of the dates at which permits were given
  };
  count how = count::gcra;
  double burst = 1;  ///< of `gcra`
  /// What a process does when the store doesn't answer: sends all the same, as most do, or waits.
  bool open_when_lost = true;
};

strategy_maker call_a_mint(central_rules, ephemint::quota);

}  // namespace ephemint::quota_world
