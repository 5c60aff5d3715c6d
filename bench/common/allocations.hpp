#pragma once

#include <cstdint>

namespace ephemint::bench {

/// Blocks of memory that this process has taken so far, by `operator new` and by Asio (`aligned_alloc`).
std::uint64_t allocations() noexcept;

}  // namespace ephemint::bench
