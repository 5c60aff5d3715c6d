#pragma once

#include "quota_server.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ephemint::quota_world {

/// Which accounts the API refuses, after its limiter has admitted the request.
struct refusals {
  double share = 0;                     ///< share of the accounts that are always refused
  std::size_t run = 0;                  ///< so many of them come in a row, good ones first; 0: at random
  std::optional<duration> revoked_at;   ///< the key is refused from then on
  std::optional<duration> restored_at;  ///< it is good again

  bool refuses_account(std::uint32_t account, std::uint64_t seed) const;
  bool refuses_key(duration since_start) const;
};

}  // namespace ephemint::quota_world
