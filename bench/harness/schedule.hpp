#pragma once

#include <ephemint/account_id.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ephemint::bench {

/// How calls are spread over time.
enum class arrivals : std::uint8_t {
  constant,  ///< evenly
  poisson,   ///< each independent of the others
  bursts,    ///< `burst_calls` within a short time, at the beginning of each period
};
std::string_view to_string(arrivals) noexcept;

/// Which accounts call, and when. The same traffic gives the same calls, whatever the answers.
struct traffic {
  arrivals how = arrivals::poisson;
  double rate = 100;  ///< calls a second; not for bursts
  std::size_t burst_calls = 150;
  std::chrono::milliseconds burst_spread = std::chrono::seconds{2};
  std::chrono::milliseconds burst_period = std::chrono::seconds{60};
  std::size_t accounts = 500;
  double skew = 0;  ///< Zipf's exponent: the k-th account calls as often as 1/k^skew; 0: all alike
  std::uint64_t seed = 1;
};

/// A call: its time, from the run's beginning, and its account.
struct arrival {
  std::chrono::microseconds at;
  std::uint32_t account;
};

/// All calls of a run of that length, in order. They are made before the run, so that drawing them takes no
/// time, and no answer can influence the next call.
std::vector<arrival> make_schedule(const traffic&, std::chrono::milliseconds length);

/// The accounts of such a run, by their numbers.
std::vector<account_id> make_accounts(std::size_t count);

}  // namespace ephemint::bench
