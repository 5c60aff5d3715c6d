#pragma once

#include "codec/reply.hpp"

#include <cstddef>
#include <string_view>

namespace ephemint::inline v0::detail {

inline constexpr std::size_t max_redirect_url_size = std::size_t{8} * 1024;

/// Why `url` must not be handed to a browser, in words for a message (without any of its text: it holds the
/// token); null if it may.
///
/// It may if it is an https URL of RFC 3986's characters, on a host that the policy names, without user info,
/// other port or fragment, and one of its query parameters has the value `token`, as it is or
/// percent-encoded. The path is the API's business and not looked at. `token` must be one (`is_token`).
const char* redirect_fault(std::string_view url, std::string_view token, const redirect_policy&) noexcept;

/// Whether `text` can be a token: 1 to 4096 characters of `[A-Za-z0-9._~+/=-]`. What it says is opaque.
bool is_token(std::string_view text) noexcept;

}  // namespace ephemint::inline v0::detail
