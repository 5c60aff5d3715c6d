#pragma once

#include <cstddef>

// The limits of one request, for both protocols.

namespace ephemint::inline v0::sandbox {

inline constexpr std::size_t header_limit = 16 * 1024;
inline constexpr std::size_t body_limit = 64 * 1024;

}  // namespace ephemint::inline v0::sandbox
