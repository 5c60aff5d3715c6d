#pragma once

namespace ephemint::test {

// Memory that runs out on demand: the program is linked with failing_memory.cpp, which replaces the global
// operator new, what Asio takes its operations' memory from, and OpenSSL's allocator. Only threads that take
// part are looked at: a test's server isn't.

/// Whether the calling thread takes part from now on.
void take_part(bool does = true);

enum class allocator { any, ours, openssl };

/// The n-th allocation from now on (the first is 1) fails, and those behind it up to `in_a_row`.
void fail_allocation(long n, allocator = allocator::any, long in_a_row = 1);
/// No allocation fails any more. Whether one did.
bool stop_failing();

/// Allocations of that kind since `fail_allocation`, by those who take part.
long allocations();

/// Blocks that those who take part have taken and not given back; Asio's own aside.
long live_blocks(allocator);

}  // namespace ephemint::test
