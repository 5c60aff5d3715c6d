#pragma once

#include <ephemint/clock.hpp>

#include <chrono>

namespace ephemint::inline v0::gateway {

using wall_clock = std::chrono::system_clock;

/// One moment by both clocks. A ticket's times are those of the wall clock, which may be set, forward or
/// back.
struct instant {
  clock::time_point steady;
  wall_clock::time_point wall;

  static instant now() { return {clock::now(), wall_clock::now()}; }
  /// When the wall clock will show `then`, if it isn't set meanwhile.
  clock::time_point when(wall_clock::time_point then) const {
    return steady + std::chrono::duration_cast<clock::duration>(then - wall);
  }
};

}  // namespace ephemint::inline v0::gateway
