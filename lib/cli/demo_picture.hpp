#pragma once

#include "demo_lane.hpp"

#include <ephemint/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace ephemint::cli {

/// What the picture is drawn from.
struct demo_view {
  const lane& plain;
  const lane& ephemint;
  std::uint64_t quota = 0;  ///< requests that are admitted in a window
  clock::time_point now{};
  clock::duration elapsed{};
};

inline constexpr unsigned narrowest_picture = 80;
inline constexpr unsigned picture_height = 14;  ///< lines

/// Both lanes side by side: `picture_height` lines of less than `width` characters, each ended by a newline.
/// A token is a block, as high as the life that it has left, or a cross if it is dead: so colours only
/// repeat what is seen without them.
std::string draw(const demo_view&, unsigned width, bool colours);

}  // namespace ephemint::cli
