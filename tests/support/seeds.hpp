#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace ephemint::test {

/// How many of `all` seeds a run uses: all of them, or, where each one takes long, as under AddressSanitizer,
/// one in $EPHEMINT_TEST_SEEDS_ONE_IN, but at least one.
inline std::uint64_t seeds_to_play(std::uint64_t all) {
  const char* const asked = std::getenv("EPHEMINT_TEST_SEEDS_ONE_IN");
  const std::uint64_t one_in = asked == nullptr ? 1 : std::strtoull(asked, nullptr, 10);
  return std::max<std::uint64_t>(1, all / std::max<std::uint64_t>(1, one_in));
}

}  // namespace ephemint::test
