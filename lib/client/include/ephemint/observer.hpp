#pragma once

#include <ephemint/client_stats.hpp>
#include <ephemint/clock.hpp>
#include <ephemint/error.hpp>
#include <ephemint/export.hpp>
#include <ephemint/mint_request.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace ephemint::inline v0 {

namespace detail {
struct client_impl;
class client_figures;
}  // namespace detail

/// What a mint waited for.
enum class wait_reason : std::uint8_t {
  connection,  ///< a connection with room: one is being dialled, or all are full, or the API is away
  quota,       ///< a permit, as the quota is used up
  pause,       ///< a permit, as the server's 429s said to pause, or the key is refused
  backoff,     ///< the time of its next attempt, after a failed one
};
/// How many there are.
inline constexpr std::size_t wait_reasons = 4;
/// The name as it stands in the enumeration: `backoff`.
EPHEMINT_EXPORT std::string_view to_string(wait_reason) noexcept;

/// How an attempt ended.
enum class attempt_outcome : std::uint8_t {
  minted,        ///< a token that was handed over
  too_old,       ///< a token that came too late to be handed over
  rate_limited,  ///< a 429, or the API's `rate_limit_exceeded`
  throttled,     ///< a carrier's limit: the key's quota isn't concerned
  key_refused,   ///< 401 or 403, in the API's own words
  rejected,      ///< another 4xx
  server_error,  ///< a 5xx, or a reply that isn't the API's
  bad_response,  ///< a 2xx that is no token
  lost,          ///< its connection ended before the reply came
  stale,         ///< its connection was closed before it arrived, or an HTTP/2 server hasn't processed it
  timed_out,     ///< no whole reply within `attempt_timeout`
  cancelled,     ///< its mint ended first: cancelled, timed out, or another attempt was faster
};
/// How many there are.
inline constexpr std::size_t attempt_outcomes = 12;
/// The name as it stands in the enumeration: `rate_limited`.
EPHEMINT_EXPORT std::string_view to_string(attempt_outcome) noexcept;

/// Why an attempt was made.
enum class attempt_reason : std::uint8_t {
  first,        ///< the mint's first
  retry,        ///< an earlier one failed
  replacement,  ///< an earlier one surely wasn't processed, or carried a key that was rotated away
  hedge,        ///< an earlier one takes longer than usual
};
/// How many there are.
inline constexpr std::size_t attempt_reasons = 4;
/// The name as it stands in the enumeration: `replacement`.
EPHEMINT_EXPORT std::string_view to_string(attempt_reason) noexcept;

/// One request of one mint, when it is over.
struct attempt_report {
  std::uint64_t mint = 0;  ///< this client's number for the mint, from 1
  std::uint64_t tag = 0;   ///< `mint_request::tag`
  int number = 0;          ///< from 1; a replacement keeps the number of the one that it replaces
  attempt_reason why = attempt_reason::first;         ///< why it was made
  attempt_outcome outcome = attempt_outcome::minted;  ///< how it ended
  int http_status = 0;                                ///< 0: no reply
  std::string_view request_id{};                      ///< the API's, checked; empty: none
  std::uint32_t connection = 0;                       ///< `connection_report::connection`
  bool first_on_connection = false;                   ///< it was the first request there
  clock::time_point sent_at{};                        ///< just before it was written
  clock::duration took{};                             ///< from then on
  std::optional<clock::duration> retry_after{};       ///< as the server said it
  std::optional<clock::duration> next_try{};          ///< none: the mint makes no other
};

/// One mint, when it is over.
struct mint_report {
  std::uint64_t mint = 0;      ///< this client's number for the mint, from 1; 0: it wasn't begun
  std::uint64_t tag = 0;       ///< `mint_request::tag`
  std::string_view account{};  ///< whose it is: a customer's id, so don't make it a metric's label
  priority urgency = priority::interactive;            ///< as it was asked for
  std::optional<mint_errc> error{};                    ///< none: a token was handed over
  int attempts = 0;                                    ///< as `mint_error::attempts` counts them
  clock::duration took{};                              ///< from the call to the end
  clock::duration on_the_wire{};                       ///< the part of `took` with an attempt under way
  clock::duration remaining{};                         ///< how long the token still lives
  std::array<clock::duration, wait_reasons> waited{};  ///< by `wait_reason`; with `on_the_wire` they add up
                                                       ///< to `took`
  std::string_view request_id{};                       ///< of the last reply, checked; empty: none
  clock::time_point at{};                              ///< when it was over
};

/// What happened to a connection.
struct connection_report {
  /// Which event it is.
  enum class event : std::uint8_t {
    dialled,      ///< it was begun
    established,  ///< it is ready for requests
    failed,       ///< it couldn't be established
    closed,       ///< an established one has ended
  };
  event what = event::dialled;   ///< which event it is
  std::uint32_t connection = 0;  ///< this client's number for it; may be reused once it is closed
  bool http2 = false;            ///< `established`: which protocol it speaks
  bool resumed = false;          ///< `established`: whether a TLS session was resumed
  clock::duration connect{};     ///< `established`: name, TCP, proxy
  clock::duration handshake{};   ///< `established`: TLS
  std::string_view cause{};      ///< `failed` and `closed`: why, in one clean line; empty: we closed it
  mint_errc error = mint_errc::connect_failed;  ///< `failed`: `connect_failed` or `tls_failed`
  std::size_t open = 0;                         ///< established connections after this event
  clock::time_point at{};                       ///< when it happened
};

/// What was learnt of the quota or the key.
struct quota_report {
  /// Which event it is.
  enum class event : std::uint8_t {
    paused,         ///< the server said to pause, or to pause for longer
    probing,        ///< one request finds out whether the pause may end
    resumed,        ///< the pause is over
    quota_changed,  ///< another quota is in force
    key_refused,    ///< the key's gate is shut: mints fail with `unauthorized`
    key_accepted,   ///< the API accepts the key again, or there is a new key
  };
  event what = event::paused;  ///< which event it is
  clock::duration pause{};     ///< `paused`: its length from now
  quota_state now{};           ///< the quota after this event
  clock::time_point at{};      ///< when it was learnt
};

/// Looks at a client without keeping it. Copyable; from any thread.
class EPHEMINT_EXPORT client_view {
 public:
  /// A view of no client, as if it were gone.
  client_view() noexcept = default;
  /// The client's `stats()`. Empty: the client is gone.
  std::optional<client_stats> stats() const noexcept;
  /// Whether both clients use one quota: they share a governor, or are the same client.
  bool same_quota(const client_view&) const noexcept;

 private:
  friend struct detail::client_impl;
  explicit client_view(std::weak_ptr<const detail::client_figures> of) noexcept : figures_{std::move(of)} {}

  std::weak_ptr<const detail::client_figures> figures_;
};

/// Hears what a client does: for metrics, logs, traces. All functions here do nothing; override those that
/// you want, and pass the observer as `client_options::observer`.
///
/// No field of a report can hold the key, a token or a login URL. Text from the server is short, one line,
/// and has no control characters.
///
///     struct counter final : ephemint::observer {
///       std::atomic<int> failed{0};
///       void on_mint(const ephemint::mint_report& m) noexcept override { failed += m.error.has_value(); }
///     };
///
/// \par Threads
/// The reports of one client come one after the other, in the order of the events, on its executor, and never
/// from inside one of its members (`async_mint` and the others). An observer that several clients share may
/// be called by several threads at once.
///
/// \par Time
/// The client waits for each call: some microseconds are fine, a lock that others hold for long isn't.
///
/// \par Lifetime
/// The client keeps its observer until its last event was reported, which may be just after its own
/// destruction. Views in a report are valid during the call only.
///
/// \par Exceptions
/// The functions are `noexcept`: none may throw.
class EPHEMINT_EXPORT observer {
 public:
  virtual ~observer() = default;
  observer(const observer&) = delete;
  observer& operator=(const observer&) = delete;

  /// A client with this observer was made. Called from the client's constructor.
  virtual void on_client(const client_view&) noexcept {}
  /// A request is over, or nobody waits for it any longer.
  virtual void on_attempt(const attempt_report&) noexcept {}
  /// A mint is over; its caller hears of it next.
  virtual void on_mint(const mint_report&) noexcept {}
  /// A connection was begun, was established, failed, or has ended.
  virtual void on_connection(const connection_report&) noexcept {}
  /// Something changed in the quota or the key.
  virtual void on_quota(const quota_report&) noexcept {}

 protected:
  observer() = default;
};

}  // namespace ephemint::inline v0
