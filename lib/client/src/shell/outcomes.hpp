#pragma once

#include "codec/reply.hpp"
#include "core/engine.hpp"
#include "net/failure.hpp"

#include <ephemint/error.hpp>

namespace ephemint::inline v0::detail {

// Between what was met on the wire, what the engine decides by, and what a caller is told. None of these
// throws: where there is no memory for words, the code stands alone.

core::reply_facts facts_of(understood_reply&&, const http_reply& framed) noexcept;
core::failure_facts facts_of(const net::failure&) noexcept;

/// How a mint that brought no token ended, for its caller. `now`: for how long from now a new try is worth
/// it. `governor`: of the permits that it waited for.
mint_error error_of(const core::mint&, const rate_governor& governor, core::time_point now) noexcept;
mint_error error_of(const core::warm_up&) noexcept;
/// What the engine's own verdicts are called.
mint_error error_of(mint_errc) noexcept;
/// The client is another process's.
mint_error error_of_fork() noexcept;
/// Its token got too old on the way to its caller.
mint_error taken_too_late() noexcept;

}  // namespace ephemint::inline v0::detail
