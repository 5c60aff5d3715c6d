#pragma once

namespace ephemint::torture {

// Allocations that fail on demand, for the whole process: the program's malloc, realloc and so on replace the
// C library's, so that allocations of OpenSSL, nghttp2 and the C library itself fail too.

enum class shortage {
  once,      ///< one allocation fails
  for_good,  ///< it and all later ones fail
};

/// The n-th allocation from now on fails. The first is 1; 0: none does.
void fail_allocation(long n, shortage = shortage::once) noexcept;
/// Lets allocations succeed again.
void stop_failing() noexcept;

/// Allocations since `fail_allocation`, until `stop_failing`.
long allocations() noexcept;
/// How many of them failed.
long failures() noexcept;
/// Blocks that were allocated and not freed, without OpenSSL's.
long live_blocks() noexcept;

}  // namespace ephemint::torture
