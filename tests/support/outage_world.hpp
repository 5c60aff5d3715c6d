#pragma once

#include "support/engine_run.hpp"

#include <cstddef>
#include <cstdint>

namespace ephemint::test {

/// What the API does during its outage.
enum class absence : std::uint8_t {
  refusing,  ///< connections end, and dials are refused
  failing,   ///< every request is answered 503
  silent,    ///< connections are made, and no request is answered
  hanging,   ///< connections aren't made either: each dial times out, even if the API is back by then
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
  std::size_t probes = 0;  ///< failed dials, and the batch's requests, from 3 s after the outage began
  std::size_t most_in_100_ms = 0;  ///< requests in any 100 ms of the 10 s after the API's return
  std::size_t logins = 0;
  std::size_t logins_lost_while_well = 0;  ///< of logins before the outage, or later than 5 s after it
  std::size_t logins_without_cause = 0;    ///< logins that failed without a code that names the cause
};

/// Runs the engine and the governor with the documented quota against such an API, in virtual time.
/// `engine_run` makes its checks, of deadlines too.
outage_figures play(const outage_case&);

}  // namespace ephemint::test
