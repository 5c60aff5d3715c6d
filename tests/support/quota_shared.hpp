#pragma once

#include "core/leasing_governor.hpp"
#include "quota_engine.hpp"
#include "quota_world.hpp"

#include <cstdint>

namespace ephemint::quota_world {

/// Ephemint with a shared quota: the real engine and the real governor that
/// leases, driven by the world; the store runs the script's port. `told.seed`
/// is each process' own.
strategy_maker shared_driven(redis::leasing_governor::settings told, client_network = {});

/// The settings for that quota, all else as a user has it.
redis::leasing_governor::settings shared_settings(ephemint::quota);

}  // namespace ephemint::quota_world
