#pragma once

#include <ephemint/sandbox/server_options.hpp>

#include <string_view>

namespace ephemint::inline v0::sandbox {

/// Each throws `std::invalid_argument` that names the member which is out of its documented range.
void check(const rate_limit&);
void check(const fault&);
void check(const server_options&);
void check_api_key(std::string_view);

}  // namespace ephemint::inline v0::sandbox
