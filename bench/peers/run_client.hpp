#pragma once

#include "minters/minters.hpp"
#include "report.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace ephemint::bench {

/// A client of this program.
struct known_minter {
  std::string_view name;
  minter_pointer (*make)(const minter_settings&);
  bool http2 = false;   ///< it is to be sent to the server's HTTP/2 port
  bool counted = true;  ///< its own code allocates by `operator new`, so counting these calls is meaningful
};
std::span<const known_minter> known_minters();

/// A stand-in: the server takes any.
inline constexpr std::string_view api_key = "TEST_benchmark0123456789";

/// The work of one client.
struct amount {
  std::uint64_t mints = 10'000;
  std::uint64_t warm_up = 0;  ///< mints before those that are measured, in the closed loop
  double rate = 0;            ///< mints a second, due on a schedule; 0: the closed loop
};

/// Makes a client of this program do it, in this process, with as many callers as connections.
run_report run_client(const known_minter&, const minter_settings&, const amount&);

}  // namespace ephemint::bench
