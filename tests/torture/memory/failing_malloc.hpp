#pragma once

namespace ephemint::torture {

// Memory that runs out on demand, for the whole process: the program's malloc and its kin stand before the C
// library's, so that OpenSSL's and nghttp2's allocations, and the C library's own, are among those that fail.

enum class shortage {
  once,      ///< one allocation fails
  for_good,  ///< it fails, and all that come behind it
};

/// The n-th allocation from now on fails. The first is 1; 0: none does.
void fail_allocation(long n, shortage = shortage::once) noexcept;
/// There is memory again.
void stop_failing() noexcept;

/// Allocations since `fail_allocation`, until `stop_failing`.
long allocations() noexcept;
/// How many of them failed.
long failures() noexcept;
/// Blocks that were taken and not given back, but for OpenSSL's.
long live_blocks() noexcept;

}  // namespace ephemint::torture
