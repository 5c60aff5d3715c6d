#pragma once

#include "harness/schedule.hpp"

#include <ephemint/quota.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ephemint::bench {

/// What the sandbox does. Its delays are faults, so that everything can be changed while it runs.
struct server_behaviour {
  std::string delay = {};    ///< a fault that only delays, as `--fault` takes it; empty: answers at once
  std::string trouble = {};  ///< a fault that comes at `trouble_from` and goes at `trouble_to`; empty: none
  std::chrono::milliseconds trouble_from{0};
  std::chrono::milliseconds trouble_to{0};
  bool limited = false;  ///< whether it enforces the client's quota, as a sliding log
};

/// One run: the traffic, the server, and the client's settings.
struct scenario {
  std::string name;
  std::string what;  ///< one line for people
  traffic calls = {};
  std::chrono::milliseconds length{0};
  server_behaviour server = {};
  std::size_t connections = 32;
  std::chrono::milliseconds deadline = std::chrono::seconds{8};
  quota rate = quota::unlimited();
  bool hedge = false;       ///< Ephemint's `client_options::hedge`
  bool warm = true;         ///< all connections are open before the first call
  std::size_t callers = 0;  ///< so many make the calls, each one at a time; 0: nobody waits for anybody
  std::size_t batch = 0;    ///< accounts of a batch that runs beside the calls
  std::chrono::milliseconds server_time{
      0};  ///< the shortest time of a reply, which is subtracted from the latency
};

/// The named scenarios, in the order in which they run: in full, or cut for a short round.
std::span<const scenario> all_scenarios(bool short_round);
/// Throws `cli::usage_error`, naming those that there are.
scenario scenario_named(std::string_view name, bool short_round);

}  // namespace ephemint::bench
