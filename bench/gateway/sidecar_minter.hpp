#pragma once

#include "minters/minters.hpp"

#include <string>

namespace ephemint::bench {

/// Asks a gateway's sidecar for each token over its Unix socket, on a kept connection, as a portal's
/// processes do; opens another one when all are busy.
minter_pointer make_sidecar_caller(std::string socket);

}  // namespace ephemint::bench
