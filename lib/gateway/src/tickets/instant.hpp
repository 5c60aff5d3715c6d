#pragma once

#include <ephemint/clock.hpp>

#include <chrono>

namespace ephemint::inline v0::gateway {

using wall_clock = std::chrono::system_clock;

/// One moment by both clocks. The wall clock is the one that tickets go by; it may be set, forth and back.
struct instant {
  clock::time_point steady;
  wall_clock::time_point wall;

  static instant now() { return {clock::now(), wall_clock::now()}; }
  /// When a time of the wall clock's comes, unless that is set.
  clock::time_point when(wall_clock::time_point then) const {
    return steady + std::chrono::duration_cast<clock::duration>(then - wall);
  }
};

}  // namespace ephemint::inline v0::gateway
