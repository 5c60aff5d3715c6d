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
  /// A socket that listens already, as systemd hands one over, TCP or Unix; `at` isn't looked at then. The
  /// server's own once its options have passed the check; its file, if it has one, stays. -1: none.
  int descriptor = -1;

  /// Whether there is anything to listen at.
  bool on() const noexcept { return !at.empty() || descriptor != -1; }
};

/// How many logins one account may ask for: `burst` at once, and then `requests` in any `window`.
struct account_rate {
  unsigned requests = 6;                     ///< 1 to 1,000,000; 0: no limit
  std::chrono::milliseconds window{60'000};  ///< 1 ms to 24 h
  unsigned burst = 3;                        ///< 1 to `requests`
};

/// What a log of the gateway says of its accounts.
enum class account_logging : std::uint8_t {
  plain,  ///< the account
  hash,   ///< sixteen hexadecimal digits of its SHA-256: lines of one account can be told from others'
  none,   ///< nothing
};

/// How a gateway serves. Checked once, in `server`'s constructor.
struct server_options {
  /// The one client that mints: all that it can be told, the key first. Its observer hears beside the
  /// gateway's own metrics.
  client_options client{};
  /// How many mints' room is connected before a login asks: see `client::warm_up`. 0: none. At most 1,000.
  std::size_t warm_up = 4;
  /// How long a login may take, from its request to its answer. A sidecar's request may ask for less. 100 ms
  /// to 60 s.
  std::chrono::milliseconds deadline{8'000};

  // --- listeners: at least one of the first two ---
  /// The sidecar: programs on this machine, or in this pod, that ask for logins. On loopback, or a
  /// Unix socket.
  listen_address backend{};
  /// The browsers that open login links. Needs `link_keys` and `public_url`.
  listen_address login{};
  /// Health, readiness and metrics. On loopback, or a Unix socket.
  listen_address admin{};
  /// The mode of the Unix sockets that it makes.
  unsigned socket_mode = 0660;
  /// Connections open at once, at each listener. When all are taken, the keep-alive connection that has been
  /// idle longest gives way; if there is none, the next waits in the backlog. 1 to 100,000.
  std::size_t max_connections = 256;
  /// How long a request's header may take to come, and its body, and an answer to leave. 10 ms to 1 h.
  std::chrono::milliseconds transfer_timeout{10'000};
  /// How long a connection may wait for its next request. 10 ms to 1 h.
  std::chrono::milliseconds keep_alive{60'000};

  // --- who may ask ---
  /// Needed where `backend` is a TCP address: every process of the machine can reach one.
  std::vector<bearer> bearers{};
  /// How often one account may be logged in, by both faces together. What is refused, and what is shown the
  /// waiting page, isn't counted.
  account_rate per_account{};

  // --- login links ---
  /// Keys that links may be signed by.
  std::vector<link_key> link_keys{};
  /// The origin at which browsers reach the login listener: `https://host[:port]`; `http` on loopback alone.
  std::string public_url{};
  /// How long a link may live from its `iat` to its `exp`. 1 s to `longest_link_age`.
  std::chrono::seconds max_link_age{60};
  /// Shows a page with a button first, for links that go out by mail: programs that look into mail follow
  /// links, and press no buttons.
  bool confirm = false;
  /// Refuses clicks that come from another site, by `Sec-Fetch-Site`.
  bool same_site = false;
  /// Where "back" leads from the pages of links that are dead. Empty: they have no such link.
  std::string back_url{};

  // --- the log ---
  /// Gets one JSON object for each request, without a line end; on the server's executor. Must not throw.
  /// With a caller's executor it is still told, behind the server's destruction, of what that cut off: what
  /// it writes to must live as long as that executor's context. Null: no log.
  std::function<void(std::string_view line)> log{};
  /// What the log says of accounts.
  account_logging log_accounts = account_logging::plain;

  // --- metrics ---
  /// Gives further series, in Prometheus' text form, for the end of `/metrics`; on the server's executor,
  /// or the thread that calls `metrics_text`. Null: none.
  std::function<std::string()> more_metrics{};
};

/// What `server`'s constructor checks, without a server: opens nothing. Throws `std::invalid_argument` that
/// names the member that is wrong and says what is right. What stands in `client` is for its constructor to
/// check.
EPHEMINT_GATEWAY_EXPORT void check(const server_options&);

}  // namespace ephemint::inline v0::gateway
