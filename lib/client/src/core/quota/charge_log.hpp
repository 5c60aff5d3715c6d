#pragma once

#include <ephemint/clock.hpp>

#include <cstddef>
#include <vector>

namespace ephemint::inline v0::core {

/// When each permit of the last window was charged: an exact sliding log.
///
/// Reason: a sliding log of N is the one rule under which no sliding window holds more than N, whatever
/// window the server uses and wherever its edges lie. Buckets and counters are cheaper and can each be over
/// by up to 2 N. Dates come nearly in order (replies overtake each other by a round trip), so an insertion is
/// O(1) in practice.
class charge_log {
 public:
  using time_point = clock::time_point;

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// The charge that is `index`-th to leave the window.
  time_point at(std::size_t index) const noexcept { return ring_[(head_ + index) & (ring_.size() - 1)]; }

  void add(time_point charged_at) {
    if (size_ == ring_.size()) grow();
    std::size_t hole = size_++;
    for (; hole > 0 && at(hole - 1) > charged_at; --hole) slot(hole) = at(hole - 1);
    slot(hole) = charged_at;
  }

  /// Forgets all that was charged at `edge` or before.
  void expire(time_point edge) noexcept {
    while (size_ > 0 && at(0) <= edge) {
      head_ = (head_ + 1) & (ring_.size() - 1);
      --size_;
    }
  }

  /// How many were charged after `since`. O(log n).
  std::size_t count_after(time_point since) const noexcept {
    std::size_t low = 0;
    std::size_t high = size_;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (at(middle) > since)
        high = middle;
      else
        low = middle + 1;
    }
    return size_ - low;
  }

 private:
  time_point& slot(std::size_t index) noexcept { return ring_[(head_ + index) & (ring_.size() - 1)]; }

  void grow() {
    std::vector<time_point> larger(ring_.empty() ? 8 : ring_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = at(i);
    ring_.swap(larger);
    head_ = 0;
  }

  std::vector<time_point> ring_;  // its size is 0 or a power of two
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ephemint::inline v0::core
