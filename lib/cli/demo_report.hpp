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

/// What the demo saw of one lane, beside what the lane itself counts.
struct lane_facts {
  std::uint64_t requests = 0;
  std::uint64_t retries = 0;
  std::uint64_t full_handshakes = 0;
  std::uint64_t resumed_handshakes = 0;
  std::uint64_t peak = 0;            ///< requests in the busiest window, as its sandbox saw it
  std::uint64_t http2_requests = 0;  ///< of its requests, those that came over HTTP/2
};

/// What the demo saw.
struct demo_figures {
  lane plain;
  lane ephemint;
  lane_facts of_plain;
  lane_facts of_ephemint;
  clock::duration least{};  ///< what the quota makes of it at best
  std::uint64_t quota = 0;
  std::chrono::milliseconds window{};
  clock::time_point now{};
  std::string plain_trouble{};  ///< why the plain client didn't come to its end; empty: it did
};

/// A table with both lanes, what the plain client is, and a histogram, at most 100 characters wide.
std::string report(demo_figures);

/// The value that `share` (0 to 1) of all are at most. 0 if there are none.
clock::duration percentile(std::vector<clock::duration>& all, double share);

/// Rows of the same, round width, from the fewest left up; the top row holds the most.
std::string histogram(std::vector<clock::duration> all);

}  // namespace ephemint::cli
