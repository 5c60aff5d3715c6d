#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace ephemint::test {

/// $EPHEMINT_TEST_SEEDS_ONE_IN, or 1: where each seed takes long, as under AddressSanitizer, only one in so
/// many is used, and of the places at which an allocation or a command can fail one in so many.
inline std::uint64_t one_seed_in() {
  const char* const asked = std::getenv("EPHEMINT_TEST_SEEDS_ONE_IN");
  return asked == nullptr ? 1 : std::max<std::uint64_t>(1, std::strtoull(asked, nullptr, 10));
}

/// How many of `all` seeds a run uses, at least one.
inline std::uint64_t seeds_to_play(std::uint64_t all) {
  return std::max<std::uint64_t>(1, all / one_seed_in());
}

}  // namespace ephemint::test
