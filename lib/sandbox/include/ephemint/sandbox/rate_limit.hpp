#pragma once

#include <ephemint/sandbox/export.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace ephemint::inline v0::sandbox {

/// How the quota is counted. The API doesn't document how it counts, so a client must work with each of
/// these.
enum class limiter_kind : std::uint8_t {
  none,            ///< no limit
  fixed_window,    ///< a window begins with its first request; the next one begins with a new count
  sliding_window,  ///< an exact log: at most `requests` in any window, wherever it begins
  token_bucket,    ///< starts full with `burst` permits, refilled evenly at `requests` a `window`
};

/// What has a count of its own.
enum class limit_scope : std::uint8_t { per_api_key, per_account };

/// What a 429's `Retry-After` header says.
enum class retry_after_mode : std::uint8_t {
  exact,    ///< the seconds until a request would be admitted, rounded up, at least 1
  missing,  ///< no such header
  text,     ///< `rate_limit::retry_after_text`, whatever it is
};

/// The quota that the sandbox enforces, and how it refuses.
struct rate_limit {
  /// The algorithm. Default: none, so that tests that aren't about limits never meet one.
  limiter_kind kind = limiter_kind::none;
  /// How many requests are admitted in a window. Default: the API's documented 200 a minute. 0 refuses every
  /// request; at most 1,000,000.
  std::uint64_t requests = 200;
  /// The window's length. Default: the API's minute. 1 ms to 24 h.
  std::chrono::milliseconds window{60'000};
  /// Whether all accounts share one count. Default: yes, as the API counts all requests of a key.
  limit_scope scope = limit_scope::per_api_key;
  /// Whether refused requests count too, so that a client that goes on sending is never admitted. Default:
  /// no. It makes no difference for a fixed window. A token bucket goes into debt, by at most one bucketful.
  bool count_rejected = false;
  /// The bucket's size; only for `token_bucket`. 0, the default: as many as `requests`. At most 1,000,000.
  std::uint64_t burst = 0;
  /// What a refusal says about when to come back. Default: the exact time.
  retry_after_mode retry_after = retry_after_mode::exact;
  /// The header's value under `retry_after_mode::text`, sent as it is: a constant ("60"), a date, or
  /// nonsense.
  std::string retry_after_text = {};
};

/// Reads `N/DURATION`, as `200/60s`, into `requests` and `window`; `none` gives no limit.
/// Durations have a unit: `ms`, `s`, `min` or `h`. Throws `std::invalid_argument`, saying what is wrong.
EPHEMINT_SANDBOX_EXPORT rate_limit parse_rate_limit(std::string_view text,
                                                    limiter_kind kind = limiter_kind::sliding_window);

}  // namespace ephemint::inline v0::sandbox
