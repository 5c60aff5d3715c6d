#include <ephemint/observer.hpp>

#include <array>
#include <cstddef>

namespace ephemint::inline v0 {
namespace {

template <class Enum, std::size_t N>
constexpr std::string_view word_of(const std::array<std::string_view, N>& words, Enum e) noexcept {
  const auto at = static_cast<std::size_t>(e);
  return at < N ? words[at] : std::string_view{"unknown"};
}

constexpr std::array<std::string_view, wait_reasons> waits{"connection", "quota", "pause", "backoff"};
constexpr std::array<std::string_view, attempt_outcomes> outcomes{
    "minted",       "too_old",      "rate_limited", "throttled", "key_refused", "rejected",
    "server_error", "bad_response", "lost",         "stale",     "timed_out",   "cancelled"};
constexpr std::array<std::string_view, attempt_reasons> reasons{"first", "retry", "replacement", "hedge"};

}  // namespace

std::string_view to_string(wait_reason why) noexcept { return word_of(waits, why); }
std::string_view to_string(attempt_outcome how) noexcept { return word_of(outcomes, how); }
std::string_view to_string(attempt_reason why) noexcept { return word_of(reasons, why); }

}  // namespace ephemint::inline v0
