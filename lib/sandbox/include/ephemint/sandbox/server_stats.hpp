#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace ephemint::inline v0::sandbox {

/// What a server has seen since it started, or since `server::reset_stats()`. A snapshot.
///
/// A *request* here is one to the API, refused or not; requests for the login page are counted separately.
struct server_stats {
  /// TCP connections that were accepted.
  std::uint64_t connections_opened = 0;
  /// Connections that are open now.
  std::uint64_t connections_open = 0;
  /// Handshakes that began a new session.
  std::uint64_t handshakes_full = 0;
  /// Handshakes that resumed a session.
  std::uint64_t handshakes_resumed = 0;
  /// Handshakes that failed.
  std::uint64_t handshakes_failed = 0;
  /// Connections that agreed on HTTP/2; all others speak HTTP/1.1.
  std::uint64_t http2_connections = 0;

  /// Requests to the API.
  std::uint64_t requests = 0;
  /// Of these, those that came over HTTP/2.
  std::uint64_t http2_requests = 0;
  /// 200s with a token, even if they didn't reach the client.
  std::uint64_t minted = 0;
  /// 429s of the limiter, not of faults.
  std::uint64_t rate_limited = 0;
  /// Requests and handshakes that a fault affected.
  std::uint64_t faulted = 0;
  /// Streams that were refused, by a fault or because there were too many; the latter aren't in `requests`.
  std::uint64_t refused_streams = 0;
  /// The most streams that any HTTP/2 connection had open at once.
  std::uint64_t peak_streams = 0;
  /// Login pages that logged a customer in.
  std::uint64_t logins_shown = 0;
  /// Login pages that didn't.
  std::uint64_t logins_refused = 0;

  /// The most requests that arrived in any one second, wherever it begins.
  std::uint64_t peak_per_second = 0;
  /// The most that arrived in any window of `server_options::peak_window`. Exact up to 1,000,000, which is
  /// its maximum.
  std::uint64_t peak_per_window = 0;

  /// Requests by their `On-Behalf-Of`, for the first `server_options::tracked_accounts` accounts that came.
  std::map<std::string, std::uint64_t, std::less<>> requests_by_account = {};
  /// Requests of all further accounts together.
  std::uint64_t requests_by_other_accounts = 0;
  /// Requests by API key, for each key that is or was accepted.
  std::map<std::string, std::uint64_t, std::less<>> requests_by_key = {};
  /// Requests with another key, or with none.
  std::uint64_t requests_by_other_keys = 0;
  /// Replies by status, including login pages. 0: no status (a raw reply, or none at all).
  std::map<unsigned, std::uint64_t> replies_by_status = {};
};

}  // namespace ephemint::inline v0::sandbox
