#pragma once

#include <ephemint/gateway/login_link.hpp>

#include <span>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// Throws `std::invalid_argument`, whose text begins with the option's name, unless there is at least one
/// key, each is valid, and no `kid` comes twice. The text tells nothing about a secret but its length.
void check_link_keys(std::span<const link_key>, std::string_view option_name);

/// What is wrong with one key, and what is right; null: nothing.
const char* fault_of(const link_key&) noexcept;

}  // namespace ephemint::inline v0::gateway
