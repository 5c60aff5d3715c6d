#include "demo_lane.hpp"

#include <algorithm>

namespace ephemint::cli {

std::size_t lane::held_dead(clock::time_point now) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(held.begin(), held.end(), [now](const held_token& one) { return one.dies_at <= now; }));
}

void lane::hand_over(clock::time_point now) {
  dead += held_dead(now);
  for (const held_token& one : held) {
    seconds_left.push_back(one.dies_at - now);
    latencies.push_back(now - one.begun);
  }
  held.clear();
}

std::vector<clock::duration> newest(const lane& seen, clock::time_point now, std::size_t most) {
  std::vector<clock::duration> lives;
  const std::size_t from_held = std::min(most, seen.held.size());
  const std::size_t from_others = std::min(most - from_held, seen.seconds_left.size());
  lives.reserve(from_held + from_others);
  lives.insert(lives.end(), seen.seconds_left.end() - static_cast<std::ptrdiff_t>(from_others),
               seen.seconds_left.end());
  for (std::size_t at = seen.held.size() - from_held; at < seen.held.size(); ++at)
    lives.push_back(seen.held[at].dies_at - now);
  return lives;
}

}  // namespace ephemint::cli
