#pragma once

#include <cstdint>

namespace ephemint::bench {

/// Allocations of this process so far, by `operator new` and by Asio (`aligned_alloc`).
std::uint64_t allocations() noexcept;

}  // namespace ephemint::bench
