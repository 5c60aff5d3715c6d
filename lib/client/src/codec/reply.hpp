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
  throttled,     ///< a 429 that is a carrier's rate limit: the key isn't concerned
  elsewhere,     ///< 408, 421, 425: about this connection, not about the request; another may do
  server_error,  ///< 5xx, and a 401 or 403 without an API error: a gateway's or a firewall's
  malformed,     ///< not the API's contract
};

/// A reply, understood.
struct understood_reply {
  reply_verdict verdict = reply_verdict::malformed;
  /// `minted` only.
  ephemeral_token token;
  /// How long the server asks to wait, where that is for a new try (`rate_limited`, `throttled`, `elsewhere`,
  /// `server_error`); clamped to 5 min; none if it doesn't say so legibly.
  std::optional<clock::duration> retry_after;
  /// All but `minted`.
  int http_status = 0;
  std::string message;     ///< ours
  std::string request_id;  ///< from the body or the header, checked
  std::vector<api_error> api_errors;
};

/// Which `redirect_url`s are believed.
struct redirect_policy {
  std::vector<std::string> hosts;  ///< lower case, exact, on port 443
  std::string any_port_host;       ///< a loopback API's own host, with any port; empty: none
};

/// Understands replies; keeps the JSON parser's memory between them. Not thread-safe.
class reply_reader {
 public:
  /// `keys`: the API keys with which requests are out, as a server may echo them: wherever one stands in the
  /// texts of a reply, `[redacted]` takes its place. (So does the reply's own token.) Must outlive the
  /// reader.
  explicit reply_reader(redirect_policy, std::vector<std::string_view> keys = {});
  ~reply_reader();

  /// From now on it is these.
  void look_for(std::vector<std::string_view> keys) noexcept;

  /// `sent_at`: when the request was about to be written. `wall`: the system clock now, for a `Retry-After`
  /// date where the reply has no `Date`. `token_only`: no `redirect_url` was asked for, and none is missed;
  /// one that comes is checked all the same. Never throws on bad input; throws `std::bad_alloc`.
  understood_reply read(const http_reply&, clock::time_point sent_at,
                        std::chrono::system_clock::time_point wall, bool token_only = false);
  /// The request id in the header of a reply that brought this token, for whoever wants to name it in a log.
  /// Empty if there is none, or one that can't be shown.
  std::string_view request_id_beside(const ephemeral_token&, const http_reply&) const noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// `Retry-After`, as seconds or as an HTTP date (three forms). None for anything else, and for what lies more
/// than a day ahead; never negative; at most 5 min.
std::optional<clock::duration> parse_retry_after(std::string_view value, std::string_view date,
                                                 std::chrono::system_clock::time_point wall);

}  // namespace ephemint::inline v0::detail
