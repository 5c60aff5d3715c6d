#pragma once

#include "common/child_process.hpp"
#include "common/json_text.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::bench {

/// One client's report of its run. Times are in microseconds. Unknown figures are missing.
struct run_report {
  double mints = 0;          ///< tokens got while it was measured
  double warm_up_mints = 0;  ///< tokens got before that
  double failures = 0;       ///< in both
  std::string first_failure;
  double wall_us = 0;
  std::optional<double> connections;       ///< made in all
  std::optional<double> late_connections;  ///< of these, while it was measured
  std::optional<double> user_us;           ///< CPU time while it was measured, without start and handshakes
  std::optional<double> system_us;
  std::optional<double> p50_us, p90_us, p99_us, p99_9_us, max_us;  ///< latency, from when each mint was due
  std::optional<double> allocations_per_mint;                      ///< allocations, see `allocations()`
};

/// One line of JSON, as a client prints it, and back. Throws `std::runtime_error` if it isn't one.
json_object json_of(const run_report&);
run_report parse_report(std::string_view line);

/// One run of one client, as the comparison keeps it.
struct measurement {
  std::string client = {};
  std::size_t connections = 0;
  std::size_t turn = 0;
  run_report told = {};
  process_usage process = {};  ///< the whole of it, seen from outside

  /// Of the whole process, its start and handshakes included.
  double whole_cpu_per_mint() const noexcept;
  /// Only of the measured part. This is compared, so that an expensive start doesn't count.
  double cpu_per_mint() const noexcept;
  double mints_per_second() const noexcept { return told.mints / told.wall_us * 1e6; }
};

/// Raw, as one object.
json_object json_of(const measurement&);

}  // namespace ephemint::bench
