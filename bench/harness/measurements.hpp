#pragma once

#include "common/histogram.hpp"
#include "minter.hpp"

#include <ephemint/clock.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace ephemint::bench {

/// The life that a token has left at least when the library hands it over, by default.
inline constexpr std::chrono::seconds min_remaining{5};

/// What callers measured.
struct measurements {
  histogram corrected;    ///< tokens: from the moment at which the schedule wanted the call
  histogram uncorrected;  ///< tokens: from the moment at which the call was made
  histogram late_start;   ///< all calls: between those two; the generator's own delay
  histogram failing;      ///< failures: from the schedule's moment
  histogram age;          ///< tokens: since just before their request was written
  std::uint64_t calls = 0;
  std::uint64_t minted = 0;
  std::uint64_t in_time = 0;  ///< of these, within the deadline, counted from the schedule's moment
  std::uint64_t under_min_remaining = 0;             ///< tokens with less than that left, the dead included
  std::uint64_t dead = 0;                            ///< tokens with nothing left
  std::map<std::string, std::uint64_t> failed = {};  ///< by the error's name
  std::string first_failure = {};

  void record(clock::time_point scheduled, clock::time_point called, std::chrono::milliseconds deadline,
              const handed_over& what);

  /// Adds another's measurements of tokens' ages to these.
  void merge_ages(const measurements& other) noexcept;

  std::uint64_t failures() const noexcept { return calls - minted; }
  /// The seconds of the ten-second window that are left at hand-over; `percent` of all tokens have less.
  /// Negative: the token was dead.
  std::chrono::microseconds left(double percent) const noexcept {
    return token_lifetime - age.percentile(100 - percent);
  }
  std::chrono::microseconds least_left() const noexcept { return token_lifetime - age.max(); }
};

}  // namespace ephemint::bench
