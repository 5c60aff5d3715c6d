#pragma once

#include <cstdint>

namespace ephemint::inline v0::core {

/// A small deterministic generator (splitmix64): jitter needs neither quality nor secrecy, but the same seed
/// must give the same decisions on every machine, which the standard distributions don't guarantee. Source:
/// Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
class splitmix {
 public:
  constexpr explicit splitmix(std::uint64_t seed) noexcept : state_{seed} {}

  constexpr std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// Uniform over [0, 1).
  constexpr double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace ephemint::inline v0::core
