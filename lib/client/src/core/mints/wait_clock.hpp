#pragma once

#include "core/time.hpp"

#include <ephemint/mint_request.hpp>
#include <ephemint/observer.hpp>

#include <array>
#include <cstdint>

namespace ephemint::inline v0::core {

/// How a mint spent its time, from its submission to its end.
struct time_spent {
  /// Where the mint is. The first four are those of `wait_reason`.
  enum class place : std::uint8_t { connection, quota, pause, backoff, wire, line, nowhere };

  /// The sums by `wait_reason`, and last the sum on the wire. While the mint is at one of these places, the
  /// sum of that place is incomplete: only the beginning was subtracted.
  std::array<duration, wait_reasons + 1> in{};
  place now = place::nowhere;

  duration waited(wait_reason why) const noexcept { return in[static_cast<std::size_t>(why)]; }
  duration on_the_wire() const noexcept { return in.back(); }
  duration all() const noexcept;
};

/// Sums up what mints wait for, without visiting each of them.
///
/// All mints in a line wait for whatever holds up that line, and when this changes it changes for all of them
/// at once. So the clock keeps one sum per reason for each line, and a mint takes the difference between
/// entering and leaving.
class wait_clock {
 public:
  /// From now on the mints of that urgency in line wait for this reason.
  void hold_up(priority, wait_reason, time_point now) noexcept;
  /// From now on the mint is at place `to`.
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
