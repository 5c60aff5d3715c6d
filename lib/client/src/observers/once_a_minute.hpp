#pragma once

#include <ephemint/clock.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace ephemint::inline v0::detail {

/// Lets one event a minute pass, and counts the others. From any thread; `now` may go back.
class once_a_minute {
 public:
  /// How many events were held back since the last one that passed; none: this one is held back too.
  std::optional<std::uint64_t> pass(clock::time_point now) noexcept {
    const clock::rep at = now.time_since_epoch().count();
    clock::rep last = last_.load(std::memory_order_relaxed);
    const bool due = last == never || at - last >= clock::duration{std::chrono::minutes{1}}.count();
    if (due && last_.compare_exchange_strong(last, at, std::memory_order_relaxed))
      return held_back_.exchange(0, std::memory_order_relaxed);
    held_back_.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }

 private:
  static constexpr clock::rep never = clock::duration::min().count();

  std::atomic<clock::rep> last_{never};
  std::atomic<std::uint64_t> held_back_{0};
};

}  // namespace ephemint::inline v0::detail
