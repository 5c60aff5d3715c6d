#pragma once

#include <ephemint/clock.hpp>

#include <algorithm>
#include <chrono>

namespace ephemint::inline v0::gateway {

/// Who would wait longer than that is shown a page: a person doesn't notice less of a redirect.
constexpr std::chrono::milliseconds patience{700};
/// Who comes back as told isn't sent away again for a moment: crowds come by the whole second, and find
/// themselves before them.
constexpr std::chrono::milliseconds patience_once_told{1500};

/// When who must wait so long is to come back: whole seconds, a little early, as the mint then waits for its
/// turn; each who came late would hold up all behind. `chance`, 0 to 1, keeps those who were told together
/// from coming together.
inline std::chrono::seconds told(clock::duration wait, double chance) {
  using namespace std::chrono_literals;
  wait = std::clamp<clock::duration>(wait, 0s, 24h);
  const std::chrono::duration<double> more = chance * std::min<clock::duration>(wait / 10, 200ms);
  return std::max(std::chrono::ceil<std::chrono::seconds>(wait - 400ms + more), 1s);
}

}  // namespace ephemint::inline v0::gateway
