#pragma once

#include "quota_server.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ephemint::quota_world {

/// Whom the API refuses, once its limiter has let the request in.
struct refusals {
  double share = 0;                     ///< of the accounts, for good
  std::size_t run = 0;                  ///< so many of them stand together, good ones first; 0: by chance
  std::optional<duration> revoked_at;   ///< the key, from then on
  std::optional<duration> restored_at;  ///< it is good again

  bool refuses_account(std::uint32_t account, std::uint64_t seed) const;
  bool refuses_key(duration since_start) const;
};

}  // namespace ephemint::quota_world
