#include "core/attempts/retry_policy.hpp"

#include <algorithm>

namespace ephemint::inline v0::core {

namespace {

// What a retry takes from the budget, and what a success gives back. Source: the AWS SDKs' standard retry
// mode (14 and 5 of 500). It allows some 35 retries after failures, or 100 after throttling; more must be
// earned by successes.
constexpr int retry_cost = 14;
constexpr int throttle_cost = 5;
constexpr int success_gain = 1;

constexpr std::chrono::seconds throttle_backoff{1};

}  // namespace

retry_policy::retry_policy(settings s, splitmix random) : settings_{s}, random_{random}, budget_{s.budget} {}

std::optional<time_point> retry_policy::next_attempt(time_point now, trouble what, int attempts,
                                                     time_point deadline, time_point floor) {
  if (attempts >= settings_.max_attempts) return std::nullopt;
  const bool throttle = what == trouble::rate_limited || what == trouble::throttled;
  const int cost = throttle ? throttle_cost : retry_cost;
  if (budget_ < cost) return std::nullopt;
  time_point when = now + backoff(what, attempts);
  // The server may have told many clients the same time: they come back spread a little, and none before that
  // time.
  if (floor > now) when = std::max(when, add(floor, spread()));
  if (when >= deadline) return std::nullopt;
  budget_ -= cost;
  return when;
}

bool retry_policy::affordable() const noexcept { return budget_ >= retry_cost; }

void retry_policy::spend() noexcept { budget_ -= retry_cost; }

void retry_policy::succeeded() noexcept { budget_ = std::min(budget_ + success_gain, settings_.budget); }

duration retry_policy::backoff(trouble what, int attempts) noexcept {
  if (what == trouble::rate_limited || what == trouble::too_late) return duration::zero();
  const duration first = what == trouble::throttled ? duration{throttle_backoff} : settings_.first_backoff;
  const auto shift = std::clamp(attempts - 1, 0, 16);
  const duration whole = std::min<duration>(first * (std::int64_t{1} << shift), settings_.max_backoff);
  // Half of it is jitter, so that callers that failed together come back spread out.
  return std::chrono::duration_cast<duration>(whole * (0.5 + 0.5 * random_.unit()));
}

duration retry_policy::spread() noexcept {
  return std::chrono::duration_cast<duration>(settings_.first_backoff * random_.unit());
}

}  // namespace ephemint::inline v0::core
