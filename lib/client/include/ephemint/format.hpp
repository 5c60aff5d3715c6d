#pragma once

#include <ephemint/ephemeral_token.hpp>
#include <ephemint/error.hpp>
#include <ephemint/export.hpp>

#include <fmt/format.h>

/// \file
/// Formatters for {fmt} 9 or newer, so that it can write this library's types: `fmt::print("{}\n", error)`.
///
/// The only header that needs {fmt}; no other header includes it. A program that includes it links `fmt::fmt`
/// itself. Other users of Ephemint need no {fmt}, and its package doesn't require it.

/// Writes `to_string(error)`, and takes the format specifications of a string, such as `{:>80}`.
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
