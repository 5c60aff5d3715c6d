#pragma once

#include "http/exchange.hpp"

#include <ephemint/clock.hpp>
#include <ephemint/error.hpp>

#include <optional>
#include <string_view>

namespace ephemint::inline v0::gateway {

// Failures in the form of RFC 9457, `application/problem+json`. Each has a `code`, and its `type` is the URL
// of that code in the error catalogue.

/// The code of a refusal by the gateway itself with that status, such as `account_limited` for 429.
std::string_view refusal_code(unsigned status) noexcept;

/// A refusal of the gateway's own. `detail` is for the caller. `retry_after`: when it may come again.
reply refusal_reply(unsigned status, std::string_view detail,
                    std::optional<clock::duration> retry_after = std::nullopt);

/// The same, and noted for the log: with `why`, if that differs from `detail`.
reply refusal_of(const exchange& of, unsigned status, std::string_view detail, std::string_view why = {},
                 std::optional<clock::duration> retry_after = std::nullopt);

/// The same for a route that requires another method.
reply refusal_of_method(const exchange& of, std::string_view takes);

/// The HTTP status for a mint that failed with that code, on both faces.
unsigned status_of(mint_errc) noexcept;

/// The answer for a failed mint, noted for the log too.
reply failure_of(const exchange& of, const mint_error&);

}  // namespace ephemint::inline v0::gateway
