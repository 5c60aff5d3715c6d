#include "core/mints/wait_clock.hpp"

#include <cstddef>
#include <numeric>

namespace ephemint::inline v0::core {

// A time span is added up in two steps: its beginning is subtracted when it begins, and its end is added when
// it ends. So no beginning has to be stored.

duration time_spent::all() const noexcept { return std::accumulate(in.begin(), in.end(), duration{}); }

void wait_clock::hold_up(priority urgency, wait_reason why, time_point now) noexcept {
  line& of = lines_[static_cast<std::size_t>(urgency)];
  if (of.by == why) return;
  of.held_up[static_cast<std::size_t>(of.by)] += now.time_since_epoch();
  of.by = why;
  of.held_up[static_cast<std::size_t>(of.by)] -= now.time_since_epoch();
}

void wait_clock::move(time_spent& of, priority urgency, time_spent::place to, time_point now) noexcept {
  if (of.now == to) return;
  const line& its = lines_[static_cast<std::size_t>(urgency)];
  add(of, its, now, 1);
  of.now = to;
  add(of, its, now, -1);
}

/// Adds or subtracts the present moment in the sums of the mint's present place.
void wait_clock::add(time_spent& of, const line& its, time_point now, int sign) noexcept {
  if (of.now == time_spent::place::nowhere) return;
  if (of.now != time_spent::place::line) {
    of.in[static_cast<std::size_t>(of.now)] += sign * now.time_since_epoch();
    return;
  }
  for (std::size_t why = 0; why < wait_reasons; ++why) of.in[why] += sign * its.held_up[why];
  of.in[static_cast<std::size_t>(its.by)] += sign * now.time_since_epoch();
}

}  // namespace ephemint::inline v0::core
