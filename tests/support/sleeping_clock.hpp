#pragma once

#include <chrono>

namespace ephemint::test {

// What a machine's sleep looks like to a program: the program is linked with sleeping_clock.cpp, whose
// `clock_gettime` stands before the C library's.

/// The machine has slept for so long: from now on CLOCK_BOOTTIME is that much later. CLOCK_MONOTONIC, and
/// with it Asio's timers, stood still meanwhile.
void sleep_machine(std::chrono::nanoseconds);
/// As if it had never slept.
void forget_sleep();

}  // namespace ephemint::test
