#pragma once

#include "harness/minter.hpp"

#include <ephemint/client_options.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace ephemint::bench {

// The other clients' request; Ephemint has its own path and User-Agent.
inline constexpr std::string_view api_path = "/v1/tokens/ephemeral";
inline constexpr std::string_view user_agent = "ephemint-bench/1";

using minter_pointer = std::unique_ptr<minter>;

minter_pointer make_ephemint(const minter_settings&);            ///< `client::async_mint` with callbacks
minter_pointer make_ephemint_on_strand(const minter_settings&);  ///< the same without `single_threaded`
minter_pointer make_ephemint_coroutine(const minter_settings&);  ///< `co_await client::mint`
minter_pointer make_ephemint_observed(const minter_settings&);   ///< with `metrics` as its observer
/// Streams of one connection, as many as there would be connections.
minter_pointer make_ephemint_http2(const minter_settings&);
minter_pointer make_ephemint_http2_on_four(const minter_settings&);  ///< the same, of four
minter_pointer make_curl(const minter_settings&);                    ///< libcurl's multi interface, HTTP/1.1
minter_pointer make_curl_http2(const minter_settings&);              ///< the same, streams of one connection
minter_pointer make_beast_call(const minter_settings&);  ///< Beast's SSL example: a connection for each call
minter_pointer make_beast_pool(const minter_settings&);  ///< the same pieces, with idle streams kept

/// A client as one writes it in an afternoon: with the pool, each call on its own. After a 429 it waits for
/// `Retry-After` and tries again, up to ten times; a batch is a vector of tokens, handed over when it is
/// full. It ignores tokens' age and the quota.
minter_pointer make_naive(const minter_settings&);

/// Ephemint's defaults with these settings. One thread runs everything, so no strand is needed.
client_options options_for(const minter_settings&);

std::string libcurl_version();

}  // namespace ephemint::bench
