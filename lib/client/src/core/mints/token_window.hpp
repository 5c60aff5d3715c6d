#pragma once

#include "core/mints/mint.hpp"

namespace ephemint::inline v0::core {

/// The ten seconds: whether a token is still worth handing over. Its life is counted from the moment before
/// its request was written, which is never later than when the server began to count (behaviours I8, C8).
class token_window {
 public:
  explicit token_window(duration min_remaining) noexcept : min_remaining_{min_remaining} {}

  bool good(time_point sent_at, time_point now) const noexcept {
    const duration left = sent_at + token_lifetime - now;
    return left > duration::zero() && left >= min_remaining_;
  }

 private:
  duration min_remaining_;
};

}  // namespace ephemint::inline v0::core
