#pragma once

/// Marks what a shared ephemint::gateway exports: all else in it is hidden, so that it meets no other
/// library's names.
#if defined(__GNUC__)
#define EPHEMINT_GATEWAY_EXPORT __attribute__((visibility("default")))
#else
#define EPHEMINT_GATEWAY_EXPORT
#endif

// Asio lays its executors out differently without RTTI: such a program would link with a library that has it,
// and crash.
#if !defined(__cpp_rtti)
#error "Ephemint needs RTTI: compile without -fno-rtti"
#endif
