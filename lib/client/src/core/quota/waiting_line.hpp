#pragma once

#include "core/time.hpp"

#include <ephemint/mint_request.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ephemint::inline v0::core {

/// The clients that were told `later`, in the order in which they asked, and how much each has had.
///
/// Reason: clients share a governor without knowing each other; the one whose timer fires first would win
/// every permit, and always be the same. So a client that was told `later` keeps its place: from the time it
/// was given until `grace` after it, those who came later get only what is left beyond one permit for it, and
/// nobody runs ahead of it by more than `slack` permits (start-time fair queueing, Goyal et al., SIGCOMM
/// 1996). One that doesn't come back (its caller hung up) loses its place then: that costs the others `grace`
/// once.
class waiting_line {
 public:
  struct count {
    std::size_t due = 0;  ///< whose time has come: a permit each is theirs
    std::size_t all = 0;
    bool outrun = false;  ///< this client has had more than its share: somebody's turn comes first
  };

  /// The others that go before this client. The foreground isn't held up by the background.
  count before(std::uint32_t client, priority urgency, time_point now, std::uint64_t slack) noexcept;

  /// The client waits until then for so many permits, at its old place if it has one. Throws
  /// `std::bad_alloc`; then nothing has changed.
  void wait(std::uint32_t client, priority urgency, time_point not_before, std::size_t permits = 1);
  /// How many permits of that urgency are waited for.
  std::size_t wanted(priority urgency, time_point now) const noexcept;

  /// Served: its next wait begins at the end. Allocates nothing if the client is `known`.
  void served(std::uint32_t client, priority urgency);
  /// Makes room for what is kept of the client once it was served. Throws `std::bad_alloc`; then nothing has
  /// changed.
  void know(std::uint32_t client);

  void leave(std::uint32_t client) noexcept;

  struct place {
    std::uint32_t client;
    priority urgency;
    time_point not_before;
    std::uint64_t had;
    bool woken = false;  ///< since it was told when to come
    std::size_t permits = 1;
  };
  bool others_wait(std::uint32_t client) const noexcept;
  /// In the order in which they go.
  std::span<place> places() noexcept { return places_; }

 private:
  struct share {
    std::uint32_t client;
    std::uint64_t had;
  };
  // Many times a timer's lateness in a busy loop; a permit at 200 a minute comes every 300 ms.
  static constexpr std::chrono::milliseconds grace{100};

  std::uint64_t had(std::uint32_t client) const noexcept;
  std::uint64_t& account(std::uint32_t client);

  std::vector<place> places_;  // as many as clients share the governor: a handful
  std::vector<share> clients_;
  std::uint64_t floor_ = 0;  // what the last of those who wait has had
};

}  // namespace ephemint::inline v0::core
