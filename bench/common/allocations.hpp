#pragma once

#include <cstdint>

namespace ephemint::bench {

/// Calls of `operator new` in this process so far.
std::uint64_t allocations() noexcept;

}  // namespace ephemint::bench
