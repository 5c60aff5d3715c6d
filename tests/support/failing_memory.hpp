#pragma once

namespace ephemint::test {

// Allocations that fail on demand: the program is linked with failing_memory.cpp, which replaces the global
// operator new, the source of memory for Asio's operations, and OpenSSL's allocator. Only threads that take
// part are affected: a test's server isn't.

/// Whether the calling thread takes part from now on.
void take_part(bool does = true);

enum class allocator { any, ours, openssl };

/// The n-th allocation from now on (the first is 1) fails, and the following ones up to `in_a_row`.
void fail_allocation(long n, allocator = allocator::any, long in_a_row = 1);
/// Lets no allocation fail any more. Returns whether one did.
bool stop_failing();

/// Allocations of that kind since `fail_allocation`, by threads that take part.
long allocations();

/// Blocks that threads that take part have allocated and not freed, without Asio's own.
long live_blocks(allocator);

}  // namespace ephemint::test
