#pragma once

#include "core/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0::core {

/// How long replies take: a histogram of the last thousand or so, in buckets that are an eighth of their
/// value wide at most. Fixed memory.
class reply_times {
 public:
  void add(duration taken) noexcept;
  /// How many were added, those that faded counted no more.
  std::uint32_t size() const noexcept { return size_; }
  /// What all but so many in a hundred took at most. Not while empty.
  duration all_but(std::uint32_t in_a_hundred) const noexcept;

 private:
  /// With so many the past fades: each count is halved.
  static constexpr std::uint32_t most = 1024;
  /// The longest that a reply may take is an hour: some 2^22 units.
  static constexpr std::size_t buckets = 160;

  std::array<std::uint16_t, buckets> counts_{};
  std::uint32_t size_ = 0;
};

}  // namespace ephemint::inline v0::core
