#pragma once

#include "support/engine_run.hpp"

#include <cstddef>
#include <cstdint>

namespace ephemint::test {

/// How the API is away.
enum class absence : std::uint8_t {
  refusing,  ///< connections end, and dials are refused
  failing,   ///< every request is answered 503
  silent,    ///< connections are made, and no request is answered
  hanging,   ///< nor are connections made: each dial ends by its own time, even if the API is back by then
};

/// One run: a batch and logins beside it, and an API that goes away in the middle.
struct outage_case {
  absence how = absence::refusing;
  core::duration begins = 10s;
  core::duration lasts = 8s;
  std::size_t batch = 300;
  priority urgency = priority::background;  ///< of the batch
  core::duration patience = 15min;
  double logins_per_second = 0.3;
  std::uint64_t seed = 1;
};

struct outage_figures {
  std::size_t minted = 0;  ///< of the batch
  std::size_t failed = 0;
  core::duration wall{};   ///< until the last of the batch ended
  std::size_t probes = 0;  ///< dials that failed, and the batch's requests, from 3 s after the API went
  std::size_t most_in_100_ms = 0;  ///< requests, in the 10 s from its return
  std::size_t logins = 0;
  std::size_t logins_lost_while_well = 0;  ///< of those that came before, or 5 s after its return
  std::size_t logins_without_cause = 0;    ///< that failed with no code to go by
};

/// The engine and the governor of the documented quota against it, in virtual time. What `engine_run` checks
/// holds, deadlines among it.
outage_figures play(const outage_case&);

}  // namespace ephemint::test
