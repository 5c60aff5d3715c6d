#pragma once

#include <cstddef>

/// How much of one reply is taken, over all that belongs to it, whichever protocol brings it. A reply of the
/// API's has about 1 KiB of head and as much of body.
namespace ephemint::inline v0::net::reply_limits {

inline constexpr std::size_t head = 16 * 1024;
inline constexpr std::size_t fields = 100;
inline constexpr std::size_t body = 64 * 1024;
inline constexpr std::size_t bytes = 128 * 1024;  ///< as they come, with whatever they are wrapped in
inline constexpr int interim = 8;                 ///< 1xx replies before the one that counts

}  // namespace ephemint::inline v0::net::reply_limits
