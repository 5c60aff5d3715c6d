#pragma once

#include "core/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0::core {

/// How long replies take: a histogram of about the last thousand, in buckets whose width is at most an eighth
/// of their value. Fixed memory.
class reply_times {
 public:
  void add(duration taken) noexcept;
  /// How many times are counted now, after fading.
  std::uint32_t size() const noexcept { return size_; }
  /// The time within which all but `in_a_hundred` percent of the replies came. Precondition: not empty.
  duration all_but(std::uint32_t in_a_hundred) const noexcept;

 private:
  /// At this size all counts are halved, so that the past fades.
  static constexpr std::uint32_t most = 1024;
  /// A reply may take an hour at most: some 2^22 units.
  static constexpr std::size_t buckets = 160;

  std::array<std::uint16_t, buckets> counts_{};
  std::uint32_t size_ = 0;
};

}  // namespace ephemint::inline v0::core
