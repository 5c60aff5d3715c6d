#pragma once

#include "demo_lane.hpp"

#include <ephemint/client_stats.hpp>
#include <ephemint/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ephemint::cli {

/// What the demo saw of one lane, in addition to the lane's own counts.
struct lane_facts {
  std::uint64_t requests = 0;
  std::uint64_t retries = 0;
  std::uint64_t full_handshakes = 0;
  std::uint64_t resumed_handshakes = 0;
  std::uint64_t peak = 0;            ///< requests in the busiest window, as counted by its sandbox
  std::uint64_t http2_requests = 0;  ///< of its requests, those over HTTP/2
};

/// What the demo saw.
struct demo_figures {
  lane plain;
  lane ephemint;
  lane_facts of_plain;
  lane_facts of_ephemint;
  clock::duration least{};  ///< the least time that the quota allows
  std::uint64_t quota = 0;
  std::chrono::milliseconds window{};
  clock::time_point now{};
  std::string plain_trouble{};  ///< why the plain client didn't finish; empty: it did
};

/// A table with both lanes, a description of the plain client, and a histogram, at most 100 characters wide.
std::string report(demo_figures);

/// The value that a `share` (0 to 1) of all don't exceed. 0 if there are none.
clock::duration percentile(std::vector<clock::duration>& all, double share);

/// Rows of equal, round width, the shortest remaining lives at the bottom.
std::string histogram(std::vector<clock::duration> all);

}  // namespace ephemint::cli
