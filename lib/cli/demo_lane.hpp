#pragma once

#include <ephemint/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ephemint::cli {

/// What one of the demo's two clients has done so far. Both are counted by this, and so in the same way: a
/// token is as old as its request, and is handed over when whoever asked for it has it.
struct lane {
  /// A token that waits in its client.
  struct held_token {
    clock::time_point begun;    ///< when its account was read
    clock::time_point dies_at;  ///< ten seconds after its request left
  };

  std::size_t accounts = 0;
  std::vector<held_token> held{};  ///< minted, and not handed over yet
  std::vector<clock::duration>
      seconds_left{};                        ///< of each token that was, at that moment; below 0: it was dead
  std::vector<clock::duration> latencies{};  ///< of the same, from the account's reading
  std::uint64_t dead = 0;                    ///< of those that were handed over
  std::uint64_t failed = 0;                  ///< accounts without a token
  std::uint64_t rate_limited = 0;            ///< 429s
  std::uint64_t quota_used = 0;              ///< requests that count in the window now
  std::optional<clock::duration> taken{};    ///< until the last was handed over; none: it isn't yet

  std::size_t minted() const noexcept { return held.size() + seconds_left.size(); }
  std::size_t held_dead(clock::time_point now) const noexcept;

  /// Hands over all that are held.
  void hand_over(clock::time_point now);
};

/// How long the newest tokens live, oldest first, at most so many: those that were handed over as they were
/// then, those that are held as they are now.
std::vector<clock::duration> newest(const lane&, clock::time_point now, std::size_t most);

}  // namespace ephemint::cli
