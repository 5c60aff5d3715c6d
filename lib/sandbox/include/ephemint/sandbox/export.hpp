#pragma once

/// Marks a name that a shared ephemint::sandbox exports. All other names are hidden, so that they can't clash
/// with another library's.
#if defined(__GNUC__)
#define EPHEMINT_SANDBOX_EXPORT __attribute__((visibility("default")))
#else
#define EPHEMINT_SANDBOX_EXPORT
#endif

// Without RTTI Asio's executors have another layout: such a program would link with a library that was built
// with RTTI, and crash.
#if !defined(__cpp_rtti)
#error "Ephemint needs RTTI: compile without -fno-rtti"
#endif
