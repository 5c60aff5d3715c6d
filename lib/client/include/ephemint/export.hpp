#pragma once

// What every public header includes first: how public names are exported, and what a program that uses them
// must be built with.

/// Marks what a shared library exports: all else in it is hidden, so that it meets no other library's names.
#if defined(__GNUC__)
#define EPHEMINT_EXPORT __attribute__((visibility("default")))
#else
#define EPHEMINT_EXPORT
#endif

// Asio lays its executors out differently without RTTI: such a program would link with a library that has it,
// and crash at its first await.
#if !defined(__cpp_rtti)
#error "Ephemint needs RTTI: compile without -fno-rtti"
#endif
