#pragma once

#include "core/time.hpp"

#include <boost/container/small_vector.hpp>

#include <cstddef>

namespace ephemint::inline v0::core {

/// The time of each permit that was charged in the last window: an exact sliding log.
///
/// Reason: a sliding log of N is the one rule under which no sliding window holds more than N, whatever
/// window the server uses and wherever its edges lie. Buckets and counters are cheaper, but may allow up to 2
/// N in a window. Times come nearly in order (replies overtake each other by a round trip), so an insertion
/// is O(1) in practice.
class charge_log {
 public:
  /// Up to this many are held without an allocation.
  static constexpr std::size_t few = 8;

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// The charge that leaves the window as number `index`, from 0. Inline, as insertion and search do little
  /// else.
  time_point at(std::size_t index) const noexcept { return ring_[(head_ + index) & (ring_.size() - 1)]; }

  /// Makes room for that many in all. Throws `std::bad_alloc`; then nothing has changed.
  void reserve(std::size_t charges);
  /// Allocates nothing while there is room.
  void add(time_point charged_at);

  /// Forgets all charges at `edge` or before.
  void expire(time_point edge) noexcept;
  /// Forgets the oldest charge. Precondition: not empty.
  void drop_first() noexcept;
  /// How many were charged after `since`. O(log n).
  std::size_t count_after(time_point since) const noexcept;

 private:
  time_point& slot(std::size_t index) noexcept { return ring_[(head_ + index) & (ring_.size() - 1)]; }

  using times = boost::container::small_vector<time_point, few>;

  times ring_ = times(few);  // its size is a power of two
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ephemint::inline v0::core
