#pragma once

#include "text.hpp"

#include <ephemint/sandbox/fault.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ephemint::inline v0::sandbox {

/// One part of a fault's text: `name` or `name=value`, the value without its quotes.
struct fault_part {
  std::string_view name;
  std::optional<std::string> value;
};

[[noreturn]] inline void fail(const std::string& message) { throw std::invalid_argument{message}; }

/// A whole number that `Number` can hold.
template <class Number>
Number bounded(std::string_view text) {
  const std::uint64_t number = parse_number(text);
  if (number > std::numeric_limits<Number>::max()) fail(std::string{text} + " is too large");
  return static_cast<Number>(number);
}

/// Sets a part of HTTP/2's own. False if there is no such name. Throws `std::invalid_argument`, saying what
/// is right.
bool apply_http2(http2_fault&, const fault_part&);

/// The names of these parts, each with `, ` before it.
std::string http2_names();

}  // namespace ephemint::inline v0::sandbox
