#pragma once

#include "codec/http_reply.hpp"

#include <ephemint/clock.hpp>
#include <ephemint/ephemeral_token.hpp>
#include <ephemint/error.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::detail {

/// What a reply means. Exactly one of these.
enum class reply_verdict {
  minted,
  rate_limited,  ///< 429, or at any status `rate_limit_exceeded` of source `shipengine`
  key_refused,   ///< 401, or 403, with an API error that isn't a carrier's
  rejected,      ///< any other 4xx, redirects, and a 2xx that lists errors: never retried
  throttled,     ///< a 429 for a carrier's rate limit: it doesn't concern the key
  elsewhere,     ///< 408, 421, 425: about this connection, not the request: another connection may work
  server_error,  ///< 5xx, and a 401 or 403 without an API error: from a gateway or a firewall
  malformed,     ///< breaks the API's contract
};

/// A reply, interpreted.
struct understood_reply {
  reply_verdict verdict = reply_verdict::malformed;
  /// `minted` only.
  ephemeral_token token;
  /// How long the server asks to wait before a new try (`rate_limited`, `throttled`, `elsewhere` and
  /// `server_error` only), at most 5 min; none if there is no valid `Retry-After`.
  std::optional<clock::duration> retry_after;
  /// All but `minted`.
  int http_status = 0;
  std::string message;     ///< ours
  std::string request_id;  ///< from the body or the header, checked
  std::vector<api_error> api_errors;
};

/// Which `redirect_url`s are trusted.
struct redirect_policy {
  std::vector<std::string> hosts;  ///< lower case, exact, on port 443
  std::string any_port_host;       ///< a loopback API's own host, with any port; empty: none
};

/// Interprets replies; keeps the JSON parser's memory between them. Not thread-safe.
class reply_reader {
 public:
  /// `keys`: the API keys of the requests under way. A server may echo them, so `[redacted]` replaces them in
  /// the texts of a reply (and likewise the reply's own token). They must outlive the reader.
  explicit reply_reader(redirect_policy, std::vector<std::string_view> keys = {});
  ~reply_reader();

  /// Replaces these keys.
  void look_for(std::vector<std::string_view> keys) noexcept;

  /// `sent_at`: just before the request was written. `wall`: the system clock now, for a `Retry-After` date
  /// if the reply has no `Date`. `token_only`: no `redirect_url` was asked for, so it may be missing; if
  /// there is one, it is checked all the same. Never throws on bad input; throws `std::bad_alloc`.
  understood_reply read(const http_reply&, clock::time_point sent_at,
                        std::chrono::system_clock::time_point wall, bool token_only = false);
  /// The request id in the header of the reply that brought this token, for logs. Empty if there is none, or
  /// if it can't be shown.
  std::string_view request_id_beside(const ephemeral_token&, const http_reply&) const noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// `Retry-After`, as seconds or as an HTTP date (three forms). None for any other text, and for a time more
/// than a day ahead; never negative; at most 5 min.
std::optional<clock::duration> parse_retry_after(std::string_view value, std::string_view date,
                                                 std::chrono::system_clock::time_point wall);

}  // namespace ephemint::inline v0::detail
