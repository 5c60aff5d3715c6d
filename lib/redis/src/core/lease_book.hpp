#pragma once

#include "core/store_call.hpp"
#include "core/time.hpp"

namespace ephemint::inline v0::redis {}  // namespace ephemint::inline v0::redis
