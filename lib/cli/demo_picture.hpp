#pragma once

#include "demo_lane.hpp"

#include <ephemint/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace ephemint::cli {

/// The data of the picture.
struct demo_view {
  const lane& plain;
  const lane& ephemint;
  std::uint64_t quota = 0;  ///< requests admitted in a window
  clock::time_point now{};
  clock::duration elapsed{};
};

inline constexpr unsigned narrowest_picture = 80;
inline constexpr unsigned picture_height = 14;  ///< lines

/// Both lanes side by side: `picture_height` lines of less than `width` characters, each ended by a newline.
/// A token is a block, as high as its remaining life, or a cross if it is dead, so that the picture can be
/// read without colours too.
std::string draw(const demo_view&, unsigned width, bool colours);

}  // namespace ephemint::cli
