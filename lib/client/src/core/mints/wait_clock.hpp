#pragma once

#include "core/time.hpp"

#include <ephemint/mint_request.hpp>
#include <ephemint/observer.hpp>

#include <array>
#include <cstdint>

namespace ephemint::inline v0::core {

/// Where a mint's time went: all of it, from its submission to its end.
struct time_spent {
  /// Where it is. The first four are those of `wait_reason`.
  enum class place : std::uint8_t { connection, quota, pause, backoff, wire, line, nowhere };

  /// The sum by `wait_reason`, and last that on the wire. While the mint is at one of these places its sum
  /// lacks the time at which that began, and so isn't one yet.
  std::array<duration, wait_reasons + 1> in{};
  place now = place::nowhere;

  duration waited(wait_reason why) const noexcept { return in[static_cast<std::size_t>(why)]; }
  duration on_the_wire() const noexcept { return in.back(); }
  duration all() const noexcept;
};

/// Sums up what mints wait for, without a look at each of them.
///
/// Whoever stands in line waits for whatever holds up the line. When that changes it does so for all of them
/// at once: so the clock keeps one sum a reason for each line, and a mint takes the difference when it
/// leaves.
class wait_clock {
 public:
  /// What the mints of that urgency that are in line wait for from now on.
  void hold_up(priority, wait_reason, time_point now) noexcept;
  /// Where a mint is from now on.
  void move(time_spent&, priority, time_spent::place to, time_point now) noexcept;

 private:
  struct line {
    std::array<duration, wait_reasons> held_up{};  ///< as in `time_spent::in`
    wait_reason by = wait_reason::connection;
  };
  static void add(time_spent&, const line&, time_point now, int sign) noexcept;

  std::array<line, 2> lines_{};
};

}  // namespace ephemint::inline v0::core
