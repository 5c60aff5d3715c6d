#pragma once

#include "trial.hpp"

#include <sys/types.h>

namespace ephemint::torture {

/// Servers for all trials in a process of its own, so that none of its memory is short: a sandbox, and a
/// proxy in front of it. It ends with ours. Call it before anything else: it forks.
world start_world();

}  // namespace ephemint::torture
