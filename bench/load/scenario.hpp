#pragma once

#include <ephemint/mint_request.hpp>
#include <ephemint/quota.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ephemint::bench {

/// How calls are spread over time.
enum class arrivals : std::uint8_t {
  constant,  ///< evenly
  poisson,   ///< each independent of the others
  bursts,    ///< so many within a short time, at the beginning of each period
};
std::string_view to_string(arrivals) noexcept;

/// Who calls, and when. The same traffic gives the same calls, whatever the answers.
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

/// What the sandbox does. Its delays are faults, so that all of it can be changed while it runs.
struct server_behaviour {
  std::string delay = {};    ///< a fault that only delays, as `--fault` takes it; empty: answers at once
  std::string trouble = {};  ///< a fault that comes at `trouble_from` and goes at `trouble_to`; empty: none
  std::chrono::milliseconds trouble_from{0};
  std::chrono::milliseconds trouble_to{0};
  bool limited = false;  ///< whether it enforces the client's quota, as a sliding log
};

/// One run: the traffic, the server, and what the client is told.
struct scenario {
  std::string name;
  std::string what;  ///< one line for people
  traffic calls = {};
  std::chrono::milliseconds length{0};
  server_behaviour server = {};
  std::size_t connections = 32;
  std::chrono::milliseconds deadline = std::chrono::seconds{8};
  quota rate = quota::unlimited();
  bool warm = true;         ///< all connections stand before the first call
  std::size_t callers = 0;  ///< so many make the calls, each one at a time; 0: nobody waits for anybody
  std::size_t batch = 0;    ///< accounts of a batch that runs beside the calls
  std::chrono::milliseconds server_time{0};  ///< what a reply takes at least, to be taken off the latency
};

/// The named ones, in the order in which they run: as they stand in the table, or cut for a short round.
std::span<const scenario> all_scenarios(bool short_round);
/// Throws `cli::usage_error`, naming those that there are.
scenario scenario_named(std::string_view name, bool short_round);

}  // namespace ephemint::bench
