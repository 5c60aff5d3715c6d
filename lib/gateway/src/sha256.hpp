#pragma once

#include <array>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// Throws `std::bad_alloc` if OpenSSL has no memory for it.
std::array<unsigned char, 32> sha256(std::string_view text);

}  // namespace ephemint::inline v0::gateway
