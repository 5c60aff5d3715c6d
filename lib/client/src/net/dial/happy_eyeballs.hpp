#pragma once

#include "net/dial/address_cache.hpp"

#include <ephemint/clock.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace ephemint::inline v0::net {

/// Decides when each of a host's addresses is tried (RFC 8305): the next address doesn't wait until the last
/// one has failed. Touches no socket, reads no clock.
class happy_eyeballs {
 public:
  /// RFC 8305's `Connection Attempt Delay`: the recommended value, and the least allowed one.
  static constexpr clock::duration usual_delay = std::chrono::milliseconds{250};
  static constexpr clock::duration least_delay = std::chrono::milliseconds{10};
  /// Attempts alive at once; one more replaces the oldest.
  static constexpr std::size_t max_alive = 6;

  /// Takes the addresses in the order in which they are tried. `patience`: the time for all of them; if there
  /// are too many for it, they are tried faster.
  happy_eyeballs(addresses, clock::duration patience);

  struct action {
    std::optional<std::size_t> start;    ///< begin to connect to `address(*start)` now
    std::optional<std::size_t> abandon;  ///< give up this one
    bool exhausted = false;              ///< nothing is alive and nothing is left
  };
  /// What to do now. Call it at the beginning, at `next_turn()`, and after each failure.
  action advance(clock::time_point now);
  /// This attempt has failed: the next address is tried now.
  void on_failed(std::size_t attempt);
  /// When to call `advance` next, if nothing fails before; none if no address is left.
  std::optional<clock::time_point> next_turn() const;

  const boost::asio::ip::address& address(std::size_t attempt) const { return order_.at(attempt); }
  std::size_t size() const noexcept { return order_.size(); }

 private:
  addresses order_;
  clock::duration delay_;
  clock::time_point turn_ = clock::time_point::min();
  std::size_t next_ = 0;
  std::vector<std::size_t> alive_;
};

/// The order of RFC 8305, section 4: the system's order, but with alternating families.
addresses alternate_families(const addresses&);

}  // namespace ephemint::inline v0::net
