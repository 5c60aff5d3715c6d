#pragma once

#include "minters/minters.hpp"

#include <string>

namespace ephemint::bench {

/// Asks a gateway's sidecar for each token over its Unix socket, by a connection that is kept, as the
/// processes of a portal do; one more is opened where all are busy.
minter_pointer make_sidecar_caller(std::string socket);

}  // namespace ephemint::bench
