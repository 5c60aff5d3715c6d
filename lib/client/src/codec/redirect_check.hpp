#pragma once

#include "codec/reply.hpp"

#include <cstddef>
#include <string_view>

namespace ephemint::inline v0::detail {

inline constexpr std::size_t max_redirect_url_size = std::size_t{8} * 1024;

/// Why `url` must not be handed to a browser, as text for a message (without any part of `url`, which holds
/// the token); null if it may be.
///
/// It may be if it is an https URL of RFC 3986's characters, on a host that the policy names, without user
/// info, another port or a fragment, and one of its query parameters has the value `token`, plain or
/// percent-encoded. The path is up to the API and isn't checked. `is_token(token)` must hold.
const char* redirect_fault(std::string_view url, std::string_view token, const redirect_policy&) noexcept;

/// Whether `text` can be a token: 1 to 4096 characters of `[A-Za-z0-9._~+/=-]`. Its content is opaque.
bool is_token(std::string_view text) noexcept;

}  // namespace ephemint::inline v0::detail
