#pragma once

#include <ephemint/export.hpp>

#include <chrono>

namespace ephemint::inline v0 {

/// The clock of every deadline, age and remaining life here. Steady: a change of the wall clock moves
/// nothing.
using clock = std::chrono::steady_clock;

/// How long the API lets an ephemeral token live. Source: the API's reference, `POST /v1/tokens/ephemeral`.
inline constexpr std::chrono::seconds token_lifetime{10};

}  // namespace ephemint::inline v0
