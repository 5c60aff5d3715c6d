#pragma once

#include "core/mints/mint.hpp"

namespace ephemint::inline v0::core {

/// Whether a token is still worth handing over. Its ten seconds are counted from just before its request was
/// written, which is never later than the moment from which the server counts (behaviours I8, C8).
class token_window {
 public:
  explicit token_window(duration min_remaining) noexcept : min_remaining_{min_remaining} {}

  bool good(time_point sent_at, time_point now) const noexcept {
    return now <= until(sent_at) && now < sent_at + token_lifetime;
  }
  /// The last moment at which enough is left.
  time_point until(time_point sent_at) const noexcept { return sent_at + token_lifetime - min_remaining_; }

 private:
  duration min_remaining_;
};

}  // namespace ephemint::inline v0::core
