#pragma once

#include "trial.hpp"

#include <sys/types.h>

namespace ephemint::torture {

/// Starts servers for all trials in a process of their own, so that they have enough memory: a sandbox, and a
/// proxy in front of it. It ends with our process. Call this before anything else, as it forks.
world start_world();

}  // namespace ephemint::torture
