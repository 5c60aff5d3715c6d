#pragma once

#include <ephemint/ephemeral_token.hpp>
#include <ephemint/error.hpp>
#include <ephemint/export.hpp>

#include <fmt/format.h>

/// \file
/// Formatters for {fmt}, 9 or newer, which writes no type of ours by itself: `fmt::print("{}\n", error)`.
///
/// The only header that needs {fmt}, and no other includes it. A program that includes it links `fmt::fmt`
/// itself: Ephemint's package doesn't ask for that, nor need its shared library's users have {fmt} otherwise.

/// Writes what `to_string(error)` gives, and takes what a string takes: `{:>80}`.
template <>
struct fmt::formatter<ephemint::mint_error> : fmt::formatter<fmt::string_view> {
  /// Throws `std::bad_alloc`.
  template <class Context>
  auto format(const ephemint::mint_error& error, Context& context) const {
    return fmt::formatter<fmt::string_view>::format(ephemint::to_string(error), context);
  }
};

/// Writes `[redacted]`, whatever is inside.
template <>
struct fmt::formatter<ephemint::ephemeral_token> : fmt::formatter<fmt::string_view> {
  /// Throws what the output throws.
  template <class Context>
  auto format(const ephemint::ephemeral_token&, Context& context) const {
    return fmt::formatter<fmt::string_view>::format("[redacted]", context);
  }
};
