#pragma once

#include <cstddef>

/// The limits of one whole reply, for both protocols. A reply of the API has about 1 KiB of head and as much
/// of body.
namespace ephemint::inline v0::net::reply_limits {

inline constexpr std::size_t head = 16 * 1024;
inline constexpr std::size_t fields = 100;
inline constexpr std::size_t body = 64 * 1024;
inline constexpr std::size_t bytes = 128 * 1024;  ///< as received, including all framing
inline constexpr int interim = 8;                 ///< 1xx replies before the final one

}  // namespace ephemint::inline v0::net::reply_limits
