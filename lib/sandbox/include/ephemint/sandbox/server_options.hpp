#pragma once

#include <ephemint/sandbox/fault.hpp>
#include <ephemint/sandbox/rate_limit.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ephemint::inline v0::sandbox {

/// The server's certificate. A client that trusts `server::ca_pem()` must refuse all but the first two kinds.
enum class certificate_kind : std::uint8_t {
  good,              ///< for `localhost`, 127.0.0.1 and ::1, signed by the sandbox's authority
  dns_only,          ///< only for `localhost`: wrong if the client connects to an address
  expired,           ///< not valid any more
  not_yet_valid,     ///< not valid yet
  wrong_host,        ///< for `wrong.example`
  cn_without_san,    ///< names `localhost` in its subject only
  self_signed,       ///< signed by itself
  untrusted_root,    ///< signed by another authority than that of `server::ca_pem()`
  incomplete_chain,  ///< signed by an intermediate authority whose certificate isn't sent
};

/// TLS versions, oldest first. The first two need OpenSSL's lowest security level, which the sandbox sets for
/// them.
enum class tls_version : std::uint8_t { tls_1_0, tls_1_1, tls_1_2, tls_1_3 };

/// Which protocols the server accepts by ALPN.
enum class http2_use : std::uint8_t {
  automatic,  ///< HTTP/2 with clients that offer it, else HTTP/1.1. Without nghttp2 the same as `never`
  never,      ///< HTTP/1.1 only, and no answer to ALPN
  only,       ///< HTTP/2 only: any other client's handshake fails
};

/// How a sandbox serves. Checked once, in `server`'s constructor.
struct server_options {
  /// The port on loopback. 0, the default: any free one, so that tests can run side by side.
  std::uint16_t port = 0;
  /// Whether to listen on [::1] as well as 127.0.0.1, if the machine has it. Default: yes, as `localhost` may
  /// be either.
  bool ipv6 = true;

  /// The key that requests must carry. Default: a random one that begins with `TEST_`. Visible ASCII, at most
  /// 512 characters.
  std::string api_key = {};
  /// How long a token opens the login page. Default: the API's 10 s. 1 ms to 24 h.
  std::chrono::milliseconds token_lifetime{10'000};
  /// The beginning of `redirect_url`, up to `?token=`. Default: this server's own `/api/directlogin`, at the
  /// host in the request's `Host`: `localhost`, 127.0.0.1 or [::1]. For a client that trusts only the real
  /// portal: `https://dashboard.shipengine.com/api/directlogin`.
  std::string portal_url = {};
  /// The quota. Default: none.
  rate_limit limit = {};

  /// A wait before every reply, as from a network and a busy server. Default: 0. At most 1 h.
  std::chrono::milliseconds latency{0};
  /// An additional wait, uniformly distributed from 0 to this. Default: 0. At most 1 h.
  std::chrono::milliseconds jitter{0};
  /// The seed of `jitter`'s random numbers.
  std::uint64_t seed = 1;
  /// The faults that exist from the first request on. Default: none.
  std::vector<fault> faults = {};

  /// Default: as the client chooses. `only` needs a build with nghttp2, TLS, and a `max_tls` of at least 1.2.
  http2_use http2 = http2_use::automatic;
  /// How many streams an HTTP/2 connection may have open at once; further ones are refused. Default: as many
  /// as most servers allow. 0 to 1,000.
  std::uint32_t max_streams = 100;

  /// Serves without TLS, to show that a client refuses that. Default: no. `base_url()` still says `https`.
  bool plain_http = false;
  /// Default: a valid one.
  certificate_kind certificate = certificate_kind::good;
  /// The oldest version on offer. Default: the oldest in use. Not above `max_tls`.
  tls_version min_tls = tls_version::tls_1_2;
  /// The newest version on offer.
  tls_version max_tls = tls_version::tls_1_3;
  /// How many session tickets a full handshake gives. Default: 2, as OpenSSL does. 0: no session is ever
  /// resumed. At most 1,000. (TLS 1.2 gives one at most.)
  unsigned session_tickets = 2;
  /// Demands a client certificate, but accepts none: every handshake fails. Default: no.
  bool require_client_certificate = false;

  /// How many accounts `server_stats::requests_by_account` holds; the requests of any further ones are
  /// counted together. Default: 10,000, enough for a test and small in memory. At most 10,000,000.
  std::size_t tracked_accounts = 10'000;
  /// The window of `server_stats::peak_per_window`. 0, the default: the limiter's window, or a minute without
  /// one. At most 24 h.
  std::chrono::milliseconds peak_window{0};
};

}  // namespace ephemint::inline v0::sandbox
