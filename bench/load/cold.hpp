#pragma once

#include "report.hpp"
#include "scenario_run.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace ephemint::bench {

/// How much a missing connection delays the first mint, and how much CPU time a handshake takes. Measured
/// with a server that answers at once, so that nothing else counts.
struct cold_result {
  std::size_t rounds = 0;
  histogram cold;                          ///< a new client's first mint
  histogram warm_up;                       ///< a new client's `warm_up(1)`
  histogram first;                         ///< the first mint after that
  histogram warm;                          ///< the same client's later mints
  histogram rested_first;                  ///< the first mint a moment after `warm_up`
  histogram rested_warm;                   ///< later mints, as long after one another
  std::chrono::nanoseconds warm_cpu{};     ///< a mint's
  std::chrono::nanoseconds full_cpu{};     ///< a mint's with a full handshake, less `warm_cpu`
  std::chrono::nanoseconds resumed_cpu{};  ///< a mint's with a resumed one, less `warm_cpu`
};

cold_result run_cold(api_under_load&, bool short_round);

std::string text_of(const cold_result&);
json_object json_of(const cold_result&);
void write(const results_directory&, const cold_result&);

}  // namespace ephemint::bench
