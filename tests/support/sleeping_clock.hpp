#pragma once

#include <chrono>

namespace ephemint::test {

// Simulates a machine's sleep: the program is linked with sleeping_clock.cpp, whose `clock_gettime` replaces
// the C library's.

/// The machine has slept for that time: from now on CLOCK_BOOTTIME is that much later. CLOCK_MONOTONIC, and
/// with it Asio's timers, didn't advance.
void sleep_machine(std::chrono::nanoseconds);
/// As if it had never slept.
void forget_sleep();

}  // namespace ephemint::test
