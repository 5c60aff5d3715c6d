#pragma once

#include <ephemint/sandbox/fault.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0::sandbox {

/// One part of a fault's text: `name` or `name=value`, the value without its quotes.
struct fault_part {
  std::string_view name;
  std::optional<std::string> value;
};

/// Sets what HTTP/2 alone can show. False if it has no such name; throws `std::invalid_argument` that says
/// what is right.
bool apply_http2(http2_fault&, const fault_part&);

/// Those names, each with `, ` before it.
std::string http2_names();

}  // namespace ephemint::inline v0::sandbox
