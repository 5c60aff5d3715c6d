#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

// The counters of `metrics`: usable from any thread, without a lock, and without allocating.

namespace ephemint::inline v0::detail {

class counter {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A sum of times. In whole microseconds: in nanoseconds, ten thousand waiting mints would overflow it within
/// weeks.
class time_counter {
 public:
  void add(std::chrono::nanoseconds time) noexcept {
    if (const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(time).count(); whole > 0)
      sum_.add(static_cast<std::uint64_t>(whole));
  }
  double seconds() const noexcept { return static_cast<double>(sum_.value()) / 1e6; }

 private:
  counter sum_;
};

/// Counts the times up to each of `N` ascending bounds.
template <std::size_t N>
class time_histogram {
 public:
  using bounds = std::array<std::chrono::milliseconds, N>;

  explicit constexpr time_histogram(const bounds& upper) noexcept : upper_{upper} {}

  void add(std::chrono::nanoseconds time) noexcept {
    const auto bucket = std::lower_bound(upper_.begin(), upper_.end(), time) - upper_.begin();
    counts_[static_cast<std::size_t>(bucket)].add();
    sum_.add(time);
  }

  const bounds& upper() const noexcept { return upper_; }
  /// The times in this bucket alone; the last bucket has no bound.
  std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket].value(); }
  double seconds() const noexcept { return sum_.seconds(); }

 private:
  const bounds& upper_;
  std::array<counter, N + 1> counts_{};
  time_counter sum_;
};

}  // namespace ephemint::inline v0::detail
