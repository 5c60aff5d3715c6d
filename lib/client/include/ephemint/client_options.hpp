#pragma once

#include <ephemint/credential.hpp>
#include <ephemint/export.hpp>
#include <ephemint/mint_request.hpp>
#include <ephemint/quota.hpp>
#include <ephemint/secret.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ephemint::inline v0 {

class observer;
class rate_governor;

/// Whether HTTP/2 is spoken. The server says in the TLS handshake, by ALPN, whether it accepts HTTP/2.
enum class http2_use : std::uint8_t {
  automatic,  ///< HTTP/2 if the server accepts it and this build supports it; else HTTP/1.1
  never,      ///< only HTTP/1.1 is offered
  only,       ///< a server that doesn't accept HTTP/2 is refused with `tls_failed`, before a request is sent
};

/// All of a client's options. Only `api_key` has no default. They are checked once, in the client's
/// constructor, which throws `std::invalid_argument` with the option's name and the range that it must have.
///
/// Copyable: all copies share one key, which is overwritten when the last copy and the last client made from
/// one are gone.
///
///     ephemint::client_options options{.api_key = ephemint::secret{key}};
///     options.deadline = 5s;
struct client_options {
  /// The partner's API key: 1 to 512 visible ASCII characters. `options.api_key = secret{text}` compiles;
  /// keep a copy of the credential if you want to rotate the key later.
  credential api_key{};

  /// Where the API is: `https://host[:port][/prefix]`, no user info, query or fragment. The EU host is
  /// `https://api.eu.shipengine.com`. Plain `http` is refused: the key never travels in clear. A name that
  /// ends with a dot is looked up as it is, without the resolver's search domains; TLS and HTTP use it
  /// without the dot.
  std::string base_url = "https://api.shipengine.com";

  // --- trust ---
  /// Whether the system's certificate authorities are trusted. If this is false and both members below are
  /// empty, there is nothing to trust, which is an error. Verification can't be turned off.
  bool system_authorities = true;
  /// A PEM file of further authorities to trust. Empty: none. The file may be replaced while the client runs:
  /// if a server's certificate is refused, it is read again, at most once in 10 s, and its new content
  /// already counts in that handshake. If the new file can't be used, the authorities stay as they were, and
  /// the error says why.
  std::string authority_file{};
  /// PEM text of further authorities to trust. Empty: none.
  std::string authority_pem{};
  /// The exact hosts that a `redirect_url` may name. Empty: `dashboard.shipengine.com`. If the base URL's
  /// host is a loopback host, that host is allowed too, with any port.
  std::vector<std::string> redirect_hosts{};

  // --- a proxy ---
  /// An HTTP proxy through which the API is reached, by CONNECT: `http://host:port`. The proxy gets the API's
  /// host as a name and looks it up itself; TLS runs through the proxy to the API, and is verified as usual.
  /// Empty: none. The environment's proxy variables have no effect.
  std::string proxy{};
  /// For a proxy that demands credentials: `user:password`. They are sent to the proxy alone, with the Basic
  /// scheme and in clear text, like everything that is sent to a proxy. At most 1024 bytes without control
  /// characters; the first colon ends the user's name. Null: none. Overwritten when the last copy of these
  /// options and the last client made from one are gone.
  std::shared_ptr<const secret> proxy_credentials{};

  // --- the quota ---
  /// How many requests may leave. None: the documented 200 a minute, or 20 for a key that begins with
  /// `TEST_`. Must be empty if `governor` is set: the governor has the quota then.
  std::optional<quota> rate{};
  /// What the quota counts. The API doesn't say, so the default is the safe choice.
  quota_scope scope = quota_scope::per_api_key;
  /// A governor shared with other clients (one client per thread, one quota), from `make_rate_governor`. It
  /// then decides `rate` and `scope`, which must keep their defaults here. Null: the client makes its own.
  std::shared_ptr<rate_governor> governor{};

  // --- time ---
  /// The time from the call to the result, over all attempts, if the request doesn't set one. 1 ms to 24 h,
  /// or `no_deadline`. Default 8 s: the longest that a person waits for a redirect.
  std::chrono::milliseconds deadline = std::chrono::seconds{8};
  /// From a request's first byte to the last byte of its reply, 1 ms to 1 h. Default 2 s: some 20 times what
  /// the API takes.
  std::chrono::milliseconds attempt_timeout = std::chrono::seconds{2};
  /// A token with less than this left of its 10 s isn't handed over; the client mints another. 0 to 9.9 s.
  /// Default 5 s: enough for a redirect over a slow network.
  std::chrono::milliseconds min_remaining = std::chrono::seconds{5};
  /// Name look-up, TCP connect and a proxy's answer together, 1 ms to 1 h.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds{3};
  /// One address's TLS handshake, 1 ms to 1 h. After 500 ms, or a third of this if that is less, another
  /// address is tried at the same time.
  std::chrono::milliseconds handshake_timeout = std::chrono::seconds{3};

  // --- trying again ---
  /// Requests for one mint, the first included, 1 to 100. If the API surely didn't process a request (its
  /// connection was stale, or an HTTP/2 server refused it), one replacement isn't counted.
  int max_attempts = 3;
  /// Whether a request is sent again, once, if the server had closed its connection before it arrived (then
  /// on a fresh connection), or if an HTTP/2 server says that it hasn't processed it.
  bool retry_stale_connections = true;
  /// The wait before the second attempt after a failed connection, a timeout or a 5xx; it doubles with each
  /// further attempt. 0 to 1 min.
  std::chrono::milliseconds first_backoff = std::chrono::milliseconds{50};
  /// The longest such wait. `first_backoff` to 1 h.
  std::chrono::milliseconds max_backoff = std::chrono::seconds{20};
  /// Tokens in the retry budget: a retry takes 14, or 5 after a 429; a success gives 1 back. 0 (no retries)
  /// to 1,000,000. Default 500: in an outage some 35 retries are made, then none.
  int retry_budget = 500;
  /// Whether a mint whose request is late gets a second request: the first token wins, and the other request
  /// is dropped. A request is late after twice the 95th percentile of reply times, and after 50 ms at least;
  /// there is no hedging before 50 replies have come. Useful where a person waits, and a few replies take far
  /// longer than the rest. It adds at most two requests per hundred. Each takes a permit that nobody waits
  /// for, counts against the retry budget and is one of `max_attempts`; over HTTP/1.1 it also costs the late
  /// request's connection, and needs a second one, which may have to be dialled. Off by default: the API's
  /// quota is small, and a request that may not be needed takes from it.
  bool hedge = false;

  // --- connections and queue ---
  /// The most connections at once, whether idle, busy or being dialled, 1 to 4096. Default 8: far more than
  /// any quota needs. With HTTP/2 one connection is filled before another is dialled.
  std::size_t max_connections = 8;
  /// An idle connection is closed after this, or 1 s before the server's `Keep-Alive: timeout`. 1 s to 1 h.
  std::chrono::milliseconds idle_timeout = std::chrono::seconds{30};
  /// A connection is retired at this age ± 20 %, so that a moved address is noticed. 1 s to 24 h.
  std::chrono::milliseconds max_connection_age = std::chrono::minutes{10};
  /// Mints that may wait, 1 to 10,000,000; one more fails with `overloaded`.
  std::size_t max_queued = 10'000;
  /// Whether TLS sessions are resumed, which halves the cost of a handshake.
  bool resume_sessions = true;
  /// Whether HTTP/2 is spoken, by which many requests share a connection. Default `automatic`: sharing is
  /// cheaper wherever several mints are under way at once, and a server without HTTP/2 gets HTTP/1.1. `only`
  /// needs a build with nghttp2.
  http2_use http2 = http2_use::automatic;
  /// The most requests at once on an HTTP/2 connection, 1 to 1000; fewer if the server grants fewer. Default
  /// 100: what servers usually grant.
  std::size_t max_streams = 100;

  // --- seen from outside ---
  /// Is told what the client does: `metrics`, `log_observer`, or your own. Null: none, at no cost.
  std::shared_ptr<ephemint::observer> observer{};

  // --- threads ---
  /// True promises that the executor runs one handler at a time (an `io_context` with one thread, a strand),
  /// so that the client can do without synchronization of its own. All calls must then come from that
  /// executor too.
  bool single_threaded = false;

  /// The `User-Agent` header: visible ASCII and spaces, at most 256 characters. Empty: `ephemint/VERSION`.
  std::string user_agent{};
};

}  // namespace ephemint::inline v0
