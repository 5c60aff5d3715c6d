#pragma once

#include <ephemint/error.hpp>

namespace ephemint::inline v0::gateway {

/// The HTTP status that a login which failed so is answered with, on both faces.
unsigned status_of(mint_errc) noexcept;

}  // namespace ephemint::inline v0::gateway
