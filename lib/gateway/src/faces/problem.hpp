#pragma once

#include "http/exchange.hpp"

#include <ephemint/clock.hpp>
#include <ephemint/error.hpp>

#include <optional>
#include <string_view>

namespace ephemint::inline v0::gateway {

// Failures as RFC 9457 has them, `application/problem+json`. Each has a `code`, and its `type` is that code's
// place in the error catalogue.

/// What the gateway itself refuses by that status is called so: `account_limited` for 429.
std::string_view refusal_code(unsigned status) noexcept;

/// A refusal of the gateway's own. `detail` is for the caller. `retry_after`: when it may come again.
reply refusal_reply(unsigned status, std::string_view detail,
                    std::optional<clock::duration> retry_after = std::nullopt);

/// The same, told to the log too: with `why`, if that differs from `detail`.
reply refusal_of(const exchange& of, unsigned status, std::string_view detail, std::string_view why = {},
                 std::optional<clock::duration> retry_after = std::nullopt);

/// The same for a route that takes another method.
reply refusal_of_method(const exchange& of, std::string_view takes);

/// The HTTP status that a mint which failed so is answered with, on both faces.
unsigned status_of(mint_errc) noexcept;

/// A mint that failed, told to the log too.
reply failure_of(const exchange& of, const mint_error&);

}  // namespace ephemint::inline v0::gateway
