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

/// Whether HTTP/2 is spoken. The server says by ALPN, in the TLS handshake, whether it takes it.
enum class http2_use : std::uint8_t {
  automatic,  ///< where the server takes it and this build can; else HTTP/1.1
  never,      ///< HTTP/1.1 alone is offered
  only,       ///< a server that doesn't take it is refused, with `tls_failed`, before it gets a request
};

/// Everything that a client can be told. Only `api_key` has no default. Checked once, in the client's
/// constructor, which throws `std::invalid_argument` with the option's name and what is right.
///
/// Copyable: copies share the one key, which is overwritten when the last of them, and the last client that
/// was made with one, is gone.
///
///     ephemint::client_options options{.api_key = ephemint::secret{key}};
///     options.deadline = 5s;
struct client_options {
  /// The partner's API key: 1 to 512 visible ASCII characters. `options.api_key = secret{text}` does; keep a
  /// copy of the credential to rotate the key later.
  credential api_key{};

  /// Where the API is: `https://host[:port][/prefix]`, no user info, query or fragment. The EU host is
  /// `https://api.eu.shipengine.com`. Plain `http` is refused: the key never travels in clear. A name that
  /// ends with a dot is looked up as it is, without the resolver's search domains; all else is done without
  /// the dot.
  std::string base_url = "https://api.shipengine.com";

  // --- trust ---
  /// Whether the system's certificate authorities are trusted. With none of the three there is nothing to
  /// trust, which is an error. There is no way to turn verification off.
  bool system_authorities = true;
  /// A PEM file of authorities to trust as well. Empty: none. If a server's certificate is refused, the file
  /// is read again, at most once in 10 s, and what it holds by then counts in that same handshake: it may be
  /// replaced while the client runs. One that is bad then changes nothing, and the error says why.
  std::string authority_file{};
  /// PEM text of authorities to trust as well. Empty: none.
  std::string authority_pem{};
  /// Exact hosts that a `redirect_url` may name. Empty: `dashboard.shipengine.com`. If the base URL's host is
  /// a loopback one, that host with any port as well.
  std::vector<std::string> redirect_hosts{};

  // --- a proxy ---
  /// An HTTP proxy through which the API is reached, by CONNECT: `http://host:port`. It is asked for the
  /// API's host by name, which isn't looked up here; TLS runs through it, to the API, and is verified as
  /// without. Empty: none. The environment's proxy variables have no effect.
  std::string proxy{};
  /// For a proxy that demands credentials: `user:password`, sent to it alone, as Basic, and in clear, as all
  /// that a proxy is told. At most 1024 bytes without control characters; the first colon ends the user's
  /// name. Null: none. Overwritten when the last of the copies of these options, and the last client that was
  /// made with one, is gone.
  std::shared_ptr<const secret> proxy_credentials{};

  // --- the quota ---
  /// How many requests may leave. None: the documented 200 a minute, or 20 for a key that begins with
  /// `TEST_`. Of a client that was given a governor `client::options` says none: its quota is the governor's.
  std::optional<quota> rate{};
  /// What the quota counts. The safe choice by default, as the API doesn't say.
  quota_scope scope = quota_scope::per_api_key;
  /// A governor shared with other clients (one client a thread, one quota), from `make_rate_governor`; `rate`
  /// and `scope` are then its business and must be left alone here. Null: one of our own.
  std::shared_ptr<rate_governor> governor{};

  // --- time ---
  /// From the call to the result, over all attempts, where the request says nothing. 1 ms to 24 h, or
  /// `no_deadline`. 8 s: the longest that a person waits for a redirect.
  std::chrono::milliseconds deadline = std::chrono::seconds{8};
  /// From one request's first byte to its reply's last, 1 ms to 1 h. 2 s: some 20 times what the API takes.
  std::chrono::milliseconds attempt_timeout = std::chrono::seconds{2};
  /// A token with less than this left of its 10 s is not handed over but minted again. 0 to 9.9 s. 5 s: time
  /// enough for a redirect over a slow network.
  std::chrono::milliseconds min_remaining = std::chrono::seconds{5};
  /// Name look-up, TCP connect and a proxy's answer together, 1 ms to 1 h.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds{3};
  /// One address's TLS handshake, 1 ms to 1 h. After 500 ms, or a third of this if that is less, another
  /// address is tried beside it.
  std::chrono::milliseconds handshake_timeout = std::chrono::seconds{3};

  // --- trying again ---
  /// Requests for one mint, the first included, 1 to 100. One replacement of a request that the API surely
  /// didn't see is not counted: on a stale connection, or refused by an HTTP/2 server.
  int max_attempts = 3;
  /// Whether a request that met a connection that the server had closed meanwhile goes again, once, on a
  /// fresh one; and so too one that an HTTP/2 server says it hasn't looked at.
  bool retry_stale_connections = true;
  /// The wait before the second attempt after a failed connection, timeout or 5xx; doubles with each. 0 to 1
  /// min.
  std::chrono::milliseconds first_backoff = std::chrono::milliseconds{50};
  /// The longest such wait. `first_backoff` to 1 h.
  std::chrono::milliseconds max_backoff = std::chrono::seconds{20};
  /// Tokens in the retry budget: a retry takes 14, one after a 429 takes 5, a success gives 1 back. 0 (no
  /// retries) to 1,000,000. 500 lets some 35 retries through before an outage stops them.
  int retry_budget = 500;
  /// Whether a request that is late gets a second one beside it: the first token wins, the other request is
  /// dropped. Late is twice what 95 of 100 replies take at most, 50 ms at least, once 50 came. Of use where a
  /// person waits, and few of many replies take far longer than the rest. It costs two requests more in a
  /// hundred at most, each with a permit that nobody waits for, out of the retry budget, and one of
  /// `max_attempts`; and over HTTP/1.1 the late one's connection, and a second one, which may be dialled for
  /// that. Off: the API's quota is small, and a request that may not be needed takes from it.
  bool hedge = false;

  // --- connections and queue ---
  /// Connections at once, idle, busy and being dialled together, 1 to 4096. 8: far more than any quota needs.
  /// With HTTP/2 one is filled before another is dialled.
  std::size_t max_connections = 8;
  /// An idle connection is closed after this, or 1 s before the server's `Keep-Alive: timeout`. 1 s to 1 h.
  std::chrono::milliseconds idle_timeout = std::chrono::seconds{30};
  /// A connection is retired at this age ± 20 %, so that a moved address is noticed. 1 s to 24 h.
  std::chrono::milliseconds max_connection_age = std::chrono::minutes{10};
  /// Mints that may wait, 1 to 10,000,000; one more fails with `overloaded`.
  std::size_t max_queued = 10'000;
  /// Whether TLS sessions are resumed, which halves the cost of a handshake.
  bool resume_sessions = true;
  /// Whether many requests share a connection. `automatic`: it is cheaper wherever several mints are under
  /// way at once, and a server that can't is spoken to as ever. `only` needs a build with nghttp2.
  http2_use http2 = http2_use::automatic;
  /// Requests at once on an HTTP/2 connection, 1 to 1000; fewer where the server grants fewer. 100: what
  /// servers usually grant.
  std::size_t max_streams = 100;

  // --- seen from outside ---
  /// Hears what the client does: `metrics`, `log_observer`, or your own. Null: nobody, at no cost.
  std::shared_ptr<ephemint::observer> observer{};

  // --- threads ---
  /// True: the executor runs one handler at a time already (an `io_context` with one thread, a strand) and
  /// the client may do without a strand of its own. Calls must then come from that executor as well.
  bool single_threaded = false;

  /// The `User-Agent` header: visible ASCII and spaces, at most 256 characters. Empty: `ephemint/VERSION`.
  std::string user_agent{};
};

}  // namespace ephemint::inline v0
