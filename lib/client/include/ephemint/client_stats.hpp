#pragma once

#include <ephemint/export.hpp>
#include <ephemint/quota.hpp>

#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0 {

/// What a client has done since its construction, and what it holds now. A snapshot: a plain value, from
/// `client::stats`.
///
///     const ephemint::client_stats seen = logins.stats();
///     if (seen.rate_limited > 0) log("others use this key, or the quota is smaller than was said");
struct client_stats {
  // mints
  std::uint64_t submitted = 0;        ///< mints that were asked for
  std::uint64_t minted = 0;           ///< tokens that came in time
  std::uint64_t failed = 0;           ///< mints that ended in an error, cancelled ones included
  std::uint64_t requests = 0;         ///< requests that left
  std::uint64_t retries = 0;          ///< requests after a mint's first one
  std::uint64_t stale_retries = 0;    ///< of these, replacements for a connection found closed
  std::uint64_t hedges = 0;           ///< of these, second requests beside a late one
  std::uint64_t hedges_won = 0;       ///< of these, those whose token was handed over
  std::uint64_t rate_limited = 0;     ///< replies that said that the quota is used up
  std::uint64_t expired = 0;          ///< tokens that came too late to be handed over
  std::size_t queued = 0;             ///< mints waiting now
  std::size_t queued_background = 0;  ///< of these, the background ones
  std::size_t in_flight = 0;          ///< mints with a request under way now

  // connections
  std::uint64_t dials = 0;               ///< connections that were begun
  std::uint64_t failed_dials = 0;        ///< of these, those that failed
  std::uint64_t full_handshakes = 0;     ///< TLS handshakes from scratch
  std::uint64_t resumed_handshakes = 0;  ///< TLS handshakes that resumed a session
  std::size_t connections = 0;           ///< established now
  std::size_t http2_connections = 0;     ///< of these, those that speak HTTP/2
  std::uint64_t refused_streams = 0;     ///< requests that an HTTP/2 server said it hadn't processed

  // the quota and the key, which others may share
  quota_state quota{};       ///< in force, used, paused
  bool key_refused = false;  ///< the API refuses the key: logins fail with `unauthorized`, a batch may wait
};

}  // namespace ephemint::inline v0
