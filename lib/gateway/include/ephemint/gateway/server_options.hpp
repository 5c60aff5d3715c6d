#pragma once

#include <ephemint/client_options.hpp>
#include <ephemint/gateway/bearer.hpp>
#include <ephemint/gateway/export.hpp>
#include <ephemint/gateway/login_link.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::gateway {

/// Where a face of the gateway listens.
struct listen_address {
  /// `unix:/path/to.sock`, or `host:port` where the host is a numeric address (`127.0.0.1:8080`,
  /// `[::1]:8080`; port 0: any free one) or `localhost`, which is 127.0.0.1. Empty: this face is off, unless
  /// there is a descriptor.
  std::string at{};
  /// A listening socket, TCP or Unix, as systemd hands it over; `at` is then ignored. The server owns it once
  /// the options have passed the check; its socket file, if it has one, isn't removed. -1: none.
  int descriptor = -1;

  /// Whether this face is on.
  bool on() const noexcept { return !at.empty() || descriptor != -1; }
};

/// How many logins one account may ask for: `burst` at once, and then `requests` in any `window`.
struct account_rate {
  unsigned requests = 6;                     ///< 1 to 1,000,000; 0: no limit
  std::chrono::milliseconds window{60'000};  ///< 1 ms to 24 h
  unsigned burst = 3;                        ///< 1 to `requests`
};

/// How the gateway's log shows accounts.
enum class account_logging : std::uint8_t {
  plain,  ///< the account
  hash,   ///< sixteen hexadecimal digits of its SHA-256: enough to find the lines of one account
  none,   ///< nothing
};

/// How a gateway serves. Checked once, in `server`'s constructor.
struct server_options {
  /// The options of the client that mints, above all its key. Its observer is called as well as the gateway's
  /// own metrics.
  client_options client{};
  /// For how many mints connections are opened in advance: see `client::warm_up`. 0: none. At most 1,000.
  std::size_t warm_up = 4;
  /// How long a login may take, from its request to its answer. A request to the sidecar may ask for less.
  /// 100 ms to 60 s.
  std::chrono::milliseconds deadline{8'000};

  // --- listeners: at least one of the first two ---
  /// The sidecar: programs on this machine, or in this pod, that ask for logins. On loopback, or a
  /// Unix socket.
  listen_address backend{};
  /// The browsers that open login links. Needs `link_keys` and `public_url`.
  listen_address login{};
  /// Health, readiness and metrics. On loopback, or a Unix socket.
  listen_address admin{};
  /// The file mode of the Unix sockets that it makes.
  unsigned socket_mode = 0660;
  /// The most connections of each listener at once. When all are taken, the keep-alive connection that has
  /// been idle longest is closed for a new one; if none is idle, the new one waits in the backlog. 1 to
  /// 100,000.
  std::size_t max_connections = 256;
  /// The time limit for receiving a request's header, for receiving its body, and for sending an answer. 10
  /// ms to 1 h.
  std::chrono::milliseconds transfer_timeout{10'000};
  /// How long a connection may be idle before its next request. 10 ms to 1 h.
  std::chrono::milliseconds keep_alive{60'000};

  // --- who may ask ---
  /// Required if `backend` is a TCP address, as every process of the machine can reach that.
  std::vector<bearer> bearers{};
  /// How often one account may be logged in, by both faces together. Refused requests, and those that get the
  /// waiting page, aren't counted.
  account_rate per_account{};

  // --- login links ---
  /// The keys with which links may be signed.
  std::vector<link_key> link_keys{};
  /// The origin at which browsers reach the login listener: `https://host[:port]`; `http` only on loopback.
  std::string public_url{};
  /// How long a link may live from its `iat` to its `exp`. 1 s to `longest_link_age`.
  std::chrono::seconds max_link_age{60};
  /// Shows a page with a button first. For links that are sent by mail: mail scanners follow links, but don't
  /// press buttons.
  bool confirm = false;
  /// Refuses clicks that come from another site, by `Sec-Fetch-Site`.
  bool same_site = false;
  /// The target of "back" on the pages for dead links. Empty: no "back" link.
  std::string back_url{};

  // --- the log ---
  /// Gets one JSON object for each request, without a newline, on the server's executor. Must not throw. With
  /// a caller's executor it is still called after the server's destruction, for the requests that this cut
  /// off: so what it writes to must live as long as the executor's context. Null: no log.
  std::function<void(std::string_view line)> log{};
  /// How the log shows accounts.
  account_logging log_accounts = account_logging::plain;

  // --- metrics ---
  /// Returns further series, in Prometheus' text format, for the end of `/metrics`. Called on the server's
  /// executor, or by the thread that calls `metrics_text`. Null: none.
  std::function<std::string()> more_metrics{};
};

/// Makes the checks of `server`'s constructor, without opening anything. Throws `std::invalid_argument`,
/// naming the member that is wrong and what is right. The options in `client` are checked by the client's
/// constructor.
EPHEMINT_GATEWAY_EXPORT void check(const server_options&);

}  // namespace ephemint::inline v0::gateway
