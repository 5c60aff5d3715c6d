#pragma once

// Every public header includes this first: it says how public names are exported, and checks how the program
// that uses them is built.

/// Marks a name that the shared library exports. All other names are hidden, so that they can't clash with
/// another library's.
#if defined(__GNUC__)
#define EPHEMINT_EXPORT __attribute__((visibility("default")))
#else
#define EPHEMINT_EXPORT
#endif

// Without RTTI Asio's executors have another layout: such a program would link with a library that was built
// with RTTI, and crash at its first await.
#if !defined(__cpp_rtti)
#error "Ephemint needs RTTI: compile without -fno-rtti"
#endif
