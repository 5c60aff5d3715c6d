#pragma once

#include "core/mints/mint.hpp"
#include "core/random.hpp"

#include <cstdint>
#include <optional>

namespace ephemint::inline v0::core {

/// Why an attempt brought no token, as far as it matters for a retry.
enum class trouble : std::uint8_t {
  rate_limited,  ///< the governor makes all requests wait, so the retry adds no wait of its own
  throttled,     ///< a carrier's rate limit: this request alone waits
  server_error,
  transport,  ///< the connection failed, or a reply was about the connection alone
  timed_out,
  too_late,  ///< a token came with too little of its life left
};

/// Whether and when a failed attempt is repeated: by number of attempts, back-off, and a budget that keeps
/// retries from making an outage worse. The only retry loop asks this.
class retry_policy {
 public:
  struct settings {
    int max_attempts = 3;
    duration first_backoff = std::chrono::milliseconds{50};
    duration max_backoff = std::chrono::seconds{20};
    int budget = 500;
  };

  retry_policy(settings, splitmix random);

  /// When the next attempt may go, but not before `floor`. None if the attempts or the budget are spent, or
  /// if that would be past the deadline. Otherwise it takes from the budget.
  std::optional<time_point> next_attempt(time_point now, trouble, int attempts, time_point deadline,
                                         time_point floor = time_point::min());
  /// Gives one token back to the budget.
  void succeeded() noexcept;

  /// Whether the budget allows one more attempt that doesn't follow a failure. `spend` takes it from the
  /// budget.
  bool affordable() const noexcept;
  void spend() noexcept;

  int budget() const noexcept { return budget_; }

 private:
  duration backoff(trouble, int attempts) noexcept;
  duration spread() noexcept;

  settings settings_;
  splitmix random_;
  int budget_;
};

}  // namespace ephemint::inline v0::core
