#pragma once

#include <ephemint/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ephemint::cli {

/// What one of the demo's two clients has done so far. Both are counted in the same way: a token is as old as
/// its request, and is handed over when its caller has it.
struct lane {
  /// A token that is held by its client.
  struct held_token {
    clock::time_point begun;    ///< when its account was read
    clock::time_point dies_at;  ///< ten seconds after its request left
  };

  std::size_t accounts = 0;
  std::vector<held_token> held{};               ///< minted, but not handed over yet
  std::vector<clock::duration> seconds_left{};  ///< of each token when handed over; below 0: it was dead
  std::vector<clock::duration> latencies{};     ///< of the same tokens, from reading the account
  std::uint64_t dead = 0;                       ///< of the tokens handed over
  std::uint64_t failed = 0;                     ///< accounts without a token
  std::uint64_t rate_limited = 0;               ///< 429s
  std::uint64_t quota_used = 0;                 ///< requests that count in the window now
  std::optional<clock::duration> taken{};       ///< until the last token was handed over; none: not yet

  std::size_t minted() const noexcept { return held.size() + seconds_left.size(); }
  std::size_t held_dead(clock::time_point now) const noexcept;

  /// Hands over all held tokens.
  void hand_over(clock::time_point now);
};

/// The remaining lives of the newest tokens, at most `most`, oldest first: for tokens handed over as of that
/// moment, for held ones as of now.
std::vector<clock::duration> newest(const lane&, clock::time_point now, std::size_t most);

}  // namespace ephemint::cli
