#pragma once

#include "core/leasing_governor.hpp"
#include "quota_engine.hpp"
#include "quota_world.hpp"

#include <cstdint>

namespace ephemint::quota_world {

/// Ephemint with a shared quota: the real engine and the real leasing governor, driven by the world. The
/// store runs the script's port. Each process has its own `told.seed`.
strategy_maker shared_driven(redis::leasing_governor::settings told, client_network = {});

/// The settings for that quota, with a user's defaults for all others.
redis::leasing_governor::settings shared_settings(ephemint::quota);

}  // namespace ephemint::quota_world
