#pragma once

#include <ephemint/secret.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

// The parts of a JWT: RFC 4648's URL-safe base64 without padding, and HS256 (RFC 7515); and plain hashes.

namespace ephemint::inline v0::gateway {

std::string base64url(std::string_view bytes);
/// None unless `text` is the canonical encoding of some bytes.
std::optional<std::string> base64url_decoded(std::string_view text);

/// The signature of `text`, in base64url: 43 characters. Throws `std::runtime_error` if OpenSSL can't.
std::string hs256(const secret& key, std::string_view text);

/// Throws `std::bad_alloc` if OpenSSL has no memory for it.
std::array<unsigned char, 32> sha256(std::string_view text);

}  // namespace ephemint::inline v0::gateway
