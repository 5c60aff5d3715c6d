#pragma once

#include <ephemint/clock.hpp>

#include <algorithm>
#include <chrono>

namespace ephemint::inline v0::gateway {

/// A login that would wait longer than this gets the waiting page: a person doesn't notice a shorter wait.
constexpr std::chrono::milliseconds patience{700};
/// A login that comes back as told may wait longer than that, so that it isn't sent away again: a crowd comes
/// back at the same whole second, and each finds others before it.
constexpr std::chrono::milliseconds patience_once_told{1500};

/// When a login that must wait that long should come back, in whole seconds. A little early, as the mint then
/// waits for its turn, while a late one would hold up all after it. `chance`, from 0 to 1, spreads those that
/// are told at the same time.
inline std::chrono::seconds told(clock::duration wait, double chance) {
  using namespace std::chrono_literals;
  wait = std::clamp<clock::duration>(wait, 0s, 24h);
  const std::chrono::duration<double> more = chance * std::min<clock::duration>(wait / 10, 200ms);
  return std::max(std::chrono::ceil<std::chrono::seconds>(wait - 400ms + more), 1s);
}

}  // namespace ephemint::inline v0::gateway
