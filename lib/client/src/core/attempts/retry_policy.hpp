#pragma once

#include "core/mints/mint.hpp"
#include "core/random.hpp"

#include <cstdint>
#include <optional>

namespace ephemint::inline v0::core {

/// Why an attempt brought no token, as far as trying again goes.
enum class trouble : std::uint8_t {
  rate_limited,  ///< the governor makes everybody wait; the retry itself needn't
  throttled,     ///< a carrier's rate limit: this request alone waits
  server_error,
  transport,  ///< the connection, or a reply that is about the connection alone
  timed_out,
  too_late,  ///< a token came, with too little of its life left
};

/// Whether and when a failed attempt is made again: attempts, back-off, and a budget that stops retries from
/// adding to an outage. The only retry loop there is asks this.
class retry_policy {
 public:
  struct settings {
    int max_attempts = 3;
    duration first_backoff = std::chrono::milliseconds{50};
    duration max_backoff = std::chrono::seconds{20};
    int budget = 500;
  };

  retry_policy(settings, splitmix random);

  /// When the next attempt may go, not before `floor`, or none: the attempts or the budget are spent, or it
  /// would be past the deadline. Takes from the budget if it says yes.
  std::optional<time_point> next_attempt(time_point now, trouble, int attempts, time_point deadline,
                                         time_point floor = time_point::min());
  /// Gives one token back to the budget.
  void succeeded() noexcept;

  /// Whether there is enough left for one attempt more that isn't made after a failure, and taking that.
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
