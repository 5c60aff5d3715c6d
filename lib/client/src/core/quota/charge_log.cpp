#include "core/quota/charge_log.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace ephemint::inline v0::core {

void charge_log::reserve(std::size_t charges) {
  if (charges <= ring_.size()) return;
  times larger(std::bit_ceil(charges));
  for (std::size_t i = 0; i < size_; ++i) larger[i] = at(i);
  ring_ = std::move(larger);
  head_ = 0;
}

void charge_log::add(time_point charged_at) {
  reserve(size_ + 1);
  std::size_t hole = size_++;
  for (; hole > 0 && at(hole - 1) > charged_at; --hole) slot(hole) = at(hole - 1);
  slot(hole) = charged_at;
}

void charge_log::expire(time_point edge) noexcept {
  while (size_ > 0 && at(0) <= edge) drop_first();
}

void charge_log::drop_first() noexcept {
  head_ = (head_ + 1) & (ring_.size() - 1);
  --size_;
}

std::size_t charge_log::count_after(time_point since) const noexcept {
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

}  // namespace ephemint::inline v0::core
