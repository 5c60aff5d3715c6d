#pragma once

#include "codec/reply.hpp"
#include "core/engine.hpp"
#include "net/failure.hpp"

#include <ephemint/error.hpp>

namespace ephemint::inline v0::detail {

// Translates between what happened on the wire, what the engine decides by, and what a caller is told. None
// of these throws: if there is no memory for a message, the error has its code alone.

core::reply_facts facts_of(understood_reply&&, const http_reply& framed) noexcept;
core::failure_facts facts_of(const net::failure&) noexcept;

/// The error of a mint that brought no token. `now`: `retry_after` counts from it. `governor`: the one whose
/// permits the mint waited for.
mint_error error_of(const core::mint&, const rate_governor& governor, core::time_point now) noexcept;
mint_error error_of(const core::warm_up&) noexcept;
/// The error for a verdict of the engine's own.
mint_error error_of(mint_errc) noexcept;
/// The client belongs to another process.
mint_error error_of_fork() noexcept;
/// The token became too old on the way to its caller.
mint_error taken_too_late() noexcept;

}  // namespace ephemint::inline v0::detail
