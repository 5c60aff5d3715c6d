#include "core/links/dial_rules.hpp"

#include "core/links/link.hpp"

#include <algorithm>

namespace ephemint::inline v0::core {

dial_rules::dial_rules(const settings& s, splitmix random) : settings_{s}, random_{random} {}

void dial_rules::opened(const link_room& room) noexcept {
  shared_ = room.shared;
  granted(room.capacity);
}

/// One dial at a time until it is known what a dial brings, while dials fail, and if many requests share a
/// link.
bool dial_rules::room_beside(std::size_t dialling) const noexcept {
  const bool singly = failures_ > 0 || shared_ || settings_.expected_capacity == 0;
  return dialling < (singly ? 1 : max_dials);
}

void dial_rules::begun(link& l) const noexcept { l.failures_before = failures_; }

bool dial_rules::failed(const link& l, time_point now) noexcept {
  if (l.failures_before != failures_) return false;
  const auto cap = std::min<duration>(settings_.max_backoff, longest_backoff);
  const auto shift = std::min<std::uint32_t>(failures_, 16);
  ++failures_;
  const duration whole = std::min<duration>(settings_.first_backoff * (std::int64_t{1} << shift), cap);
  const double part = 0.5 + 0.5 * random_.unit();
  not_before_ = add(now, std::chrono::duration_cast<duration>(whole * part));
  return true;
}

void dial_rules::postpone(time_point until) noexcept { not_before_ = std::max(not_before_, until); }

}  // namespace ephemint::inline v0::core
