#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ephemint::inline v0::core {

/// The indexes of a table's free places, last freed first. Giving a place back never fails: the room for it
/// is taken when the place is made.
class free_list {
 public:
  bool empty() const noexcept { return free_.empty(); }

  /// Call before the table grows to `places`: makes room for all of them. It doubles, so that a table that
  /// grows one by one isn't copied each time. Throws `std::bad_alloc`.
  void prepare(std::size_t places) {
    if (free_.capacity() < places) free_.reserve(2 * places);
  }

  /// Call it at most once for each place that was prepared.
  void give(std::uint32_t place) noexcept { free_.push_back(place); }

  /// Precondition: not empty.
  std::uint32_t take() noexcept {
    const std::uint32_t place = free_.back();
    free_.pop_back();
    return place;
  }

 private:
  std::vector<std::uint32_t> free_;
};

}  // namespace ephemint::inline v0::core
