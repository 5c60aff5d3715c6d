#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace ephemint::test {

/// Of so many seeds, those that a run plays: all, or one in $EPHEMINT_TEST_SEEDS_ONE_IN of them (at least
/// one), where each costs much, as under AddressSanitizer.
inline std::uint64_t seeds_to_play(std::uint64_t all) {
  const char* const asked = std::getenv("EPHEMINT_TEST_SEEDS_ONE_IN");
  const std::uint64_t one_in = asked == nullptr ? 1 : std::strtoull(asked, nullptr, 10);
  return std::max<std::uint64_t>(1, all / std::max<std::uint64_t>(1, one_in));
}

}  // namespace ephemint::test
