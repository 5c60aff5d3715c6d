#pragma once

#include "core/time.hpp"

#include <ephemint/mint_request.hpp>

#include <boost/container/small_vector.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ephemint::inline v0::core {

/// The clients that were told `later`, in the order in which they asked, and how many permits each client has
/// had.
///
/// Reason: clients share a governor without knowing each other. Without a line, the client whose timer fires
/// first would get every permit, and it would always be the same one. So a client that was told `later` keeps
/// its place: from the time that it was given until `grace` after that, one permit is reserved for it, and
/// clients that came later get only what is left. No client gets ahead of it by more than `slack` permits
/// (start-time fair queueing, Goyal et al., SIGCOMM 1996). A client that doesn't come back (its caller
/// cancelled) then loses its place; that costs the others `grace` once.
class waiting_line {
 public:
  struct count {
    std::size_t due = 0;  ///< clients whose time has come: one permit is reserved for each
    std::size_t all = 0;
    bool outrun = false;  ///< this client has had more than its share: another one's turn comes first
  };

  /// The others that go before this client. Background clients don't hold up interactive ones.
  count before(std::uint32_t client, priority urgency, time_point now, std::uint64_t slack) noexcept;

  /// The client waits until `not_before` for that many permits, at its old place if it has one. Throws
  /// `std::bad_alloc`; then nothing has changed.
  void wait(std::uint32_t client, priority urgency, time_point not_before, std::size_t permits = 1);
  /// How many permits of that urgency clients wait for.
  std::size_t wanted(priority urgency, time_point now) const noexcept;

  /// The client was served: its next wait begins at the end of the line. Allocates nothing after `know`.
  void served(std::uint32_t client, priority urgency);
  /// Makes room for what `served` records about the client. Throws `std::bad_alloc`; then nothing has
  /// changed.
  void know(std::uint32_t client);

  void leave(std::uint32_t client) noexcept;

  struct place {
    std::uint32_t client;
    priority urgency;
    time_point not_before;
    std::uint64_t had;
    bool woken = false;  ///< since it was last told `later`
    std::size_t permits = 1;
  };
  bool others_wait(std::uint32_t client) const noexcept;
  /// The places in the order of the line.
  std::span<place> places() noexcept { return places_; }

  /// How many permits a client has had.
  struct share {
    std::uint64_t client;
    std::uint64_t had;
  };
  /// Up to this many are held without an allocation.
  static constexpr std::size_t few = 2;

  // What must be kept of the line while no client waits.
  bool nobody_waits() const noexcept { return places_.empty(); }
  std::span<const share> shares() const noexcept { return {clients_.data(), clients_.size()}; }
  std::uint64_t floor() const noexcept { return floor_; }
  /// Restore a new line from these: first the floor, then each share, at most `few`.
  void take_over(std::uint64_t floor) noexcept { floor_ = floor; }
  void take_over(const share& had) noexcept { clients_.push_back(had); }

 private:
  // Many times a timer's lateness in a busy loop; at 200 a minute a permit comes every 300 ms.
  static constexpr std::chrono::milliseconds grace{100};

  std::uint64_t had(std::uint32_t client) const noexcept;
  std::uint64_t& account(std::uint32_t client);

  std::vector<place> places_;  // at most one for each client of the governor and urgency: a handful
  boost::container::small_vector<share, few> clients_;
  std::uint64_t floor_ = 0;  // rises to the fewest permits that any waiting client has had
};

}  // namespace ephemint::inline v0::core
