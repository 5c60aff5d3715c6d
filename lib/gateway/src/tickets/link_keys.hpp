#pragma once

#include <ephemint/gateway/login_link.hpp>

#include <span>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// Throws `std::invalid_argument`, beginning with the option's name, unless there is at least one key, each
/// of the right form, and no `kid` twice. Says nothing of a secret but its length.
void check_link_keys(std::span<const link_key>, std::string_view option_name);

/// What is wrong with one key, and what is right; null: nothing.
const char* fault_of(const link_key&) noexcept;

}  // namespace ephemint::inline v0::gateway
