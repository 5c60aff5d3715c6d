#pragma once

#include "minter.hpp"
#include "report.hpp"

#include <cstdint>

namespace ephemint::bench {

/// How much one client has to do.
struct amount {
  std::uint64_t mints = 10'000;
  std::uint64_t warm_up = 0;  ///< mints before those that are measured, in the closed loop
  double rate = 0;            ///< mints a second, due on a schedule; 0: the closed loop
};

/// Has a client of this program do it, in this process.
run_report run_client(const known_minter&, const target&, const amount&);

}  // namespace ephemint::bench
