#pragma once

#include <ephemint/ephemeral_token.hpp>

#include <optional>
#include <string_view>

// How requests and tickets write what the portal takes.

namespace ephemint::inline v0::gateway {

/// `carriers`, `billing` or `onboarding`.
std::optional<portal_page> page_named(std::string_view) noexcept;

/// Whether it is a UUID, 8-4-4-4-12 hexadecimal digits.
bool is_theme_id(std::string_view) noexcept;

}  // namespace ephemint::inline v0::gateway
