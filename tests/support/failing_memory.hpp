#pragma once

namespace ephemint::test {

// Memory that runs out on demand: the program is linked with failing_memory.cpp, which replaces the global
// operator new and OpenSSL's allocator. Only threads that take part are looked at: a test's server isn't.

/// The calling thread takes part from now on.
void take_part();

enum class allocator { any, ours, openssl };

/// The n-th allocation from now on (the first is 1) fails once.
void fail_allocation(long n, allocator = allocator::any);
/// No allocation fails any more. Whether one did.
bool stop_failing();

/// Blocks that those who take part have taken and not given back.
long live_blocks(allocator);

}  // namespace ephemint::test
