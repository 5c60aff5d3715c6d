#pragma once

#include "scenario.hpp"

#include <ephemint/account_id.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

namespace ephemint::bench {

/// A call: when it is to be made, from the run's beginning, and for which account.
struct arrival {
  std::chrono::microseconds at;
  std::uint32_t account;
};

/// All calls of a run of that length, in their order. Made before the run: drawing them takes no time of it,
/// and no answer has a say in when the next call comes.
std::vector<arrival> make_schedule(const traffic&, std::chrono::milliseconds length);

/// The accounts of such a run, by their numbers.
std::vector<account_id> make_accounts(std::size_t count);

}  // namespace ephemint::bench
