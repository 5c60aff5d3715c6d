#include "core/attempts/reply_times.hpp"

#include <algorithm>
#include <bit>

namespace ephemint::inline v0::core {

namespace {

/// An accuracy of about a millisecond is enough: 2^20 ns are 1.05 ms.
constexpr int unit_bits = 20;

/// Each value up to 15 units has a bucket of its own; above that there are eight buckets for each doubling.
std::size_t bucket_of(std::uint64_t units) noexcept {
  const int shift = std::max(static_cast<int>(std::bit_width(units)) - 4, 0);
  return static_cast<std::size_t>(shift) * 8 + static_cast<std::size_t>(units >> shift);
}

duration end_of(std::size_t bucket) noexcept {
  const std::size_t shift = bucket < 16 ? 0 : bucket / 8 - 1;
  const std::uint64_t units = (bucket - shift * 8 + 1) << shift;
  return duration{static_cast<duration::rep>(units << unit_bits)};
}

}  // namespace

void reply_times::add(duration taken) noexcept {
  const auto units = static_cast<std::uint64_t>(std::max(taken, duration{}).count()) >> unit_bits;
  ++counts_[std::min(bucket_of(units), buckets - 1)];
  if (++size_ < most) return;
  size_ = 0;
  for (std::uint16_t& count : counts_) size_ += count /= 2;
}

duration reply_times::all_but(std::uint32_t in_a_hundred) const noexcept {
  std::uint32_t longer = 0;
  std::size_t bucket = buckets;
  while (bucket > 0 && 100 * (longer + counts_[bucket - 1]) <= in_a_hundred * size_)
    longer += counts_[--bucket];
  return end_of(bucket > 0 ? bucket - 1 : 0);
}

}  // namespace ephemint::inline v0::core
