#pragma once

#include <ephemint/client_stats.hpp>
#include <ephemint/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ephemint::cli {

/// What the demo saw.
struct demo_figures {
  std::size_t accounts = 0;
  std::uint64_t minted = 0;
  clock::duration taken{};
  clock::duration least{};  ///< what the quota makes of it at best
  client_stats client;
  std::uint64_t peak = 0;            ///< requests in the busiest window, as the sandbox saw it
  std::uint64_t http2_requests = 0;  ///< of the client's requests, those that came over HTTP/2
  std::uint64_t quota = 0;
  std::chrono::milliseconds window{};
  std::vector<clock::duration> latencies;     ///< of each account, the wait for the quota included
  std::vector<clock::duration> seconds_left;  ///< of each token, when it was handed over
};

/// A table and a histogram, at most 100 characters wide.
std::string report(demo_figures);

/// The value that `share` (0 to 1) of all are at most. 0 if there are none.
clock::duration percentile(std::vector<clock::duration>& all, double share);

/// Rows of the same, round width, from the fewest left up; the top row holds the most.
std::string histogram(std::vector<clock::duration> all);

}  // namespace ephemint::cli
