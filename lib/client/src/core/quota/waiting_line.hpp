#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/mint_request.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
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
  using time_point = clock::time_point;

  struct count {
    std::size_t due = 0;  ///< whose time has come: a permit each is theirs
    std::size_t all = 0;
    bool outrun = false;  ///< this client has had more than its share: somebody's turn comes first
  };

  /// The others that go before this client. The foreground isn't held up by the background.
  count before(std::uint32_t client, priority urgency, time_point now, std::uint64_t slack) noexcept {
    count others;
    if (places_.empty()) return others;
    std::erase_if(places_, [now](const place& p) { return now > p.not_before + grace; });
    const std::uint64_t mine = std::max(had(client), floor_);
    bool in_front = true;
    for (const place& p : places_) {
      if (p.client == client && p.urgency == urgency) in_front = false;
      if (p.client == client || p.urgency > urgency) continue;
      const bool due = p.not_before <= now;
      others.all += in_front ? 1 : 0;
      others.due += in_front && due ? 1 : 0;
      others.outrun |= due && mine > p.had + slack;
    }
    return others;
  }

  /// The client waits until then, at its old place if it has one.
  void wait(std::uint32_t client, priority urgency, time_point not_before) {
    for (place& p : places_)
      if (p.client == client && p.urgency == urgency) {
        p.not_before = not_before;
        return;
      }
    // Time away earns nothing: it begins level with whoever has had least of those who wait.
    const std::uint64_t level = std::max(had(client), floor_);
    places_.push_back({client, urgency, not_before, level});
  }

  /// Served: its next wait begins at the end.
  void served(std::uint32_t client, priority urgency) {
    if (places_.empty()) return;
    std::uint64_t& count = account(client);
    count = std::max(count, floor_) + 1;
    std::erase_if(places_, [=](const place& p) { return p.client == client && p.urgency == urgency; });
    for (place& p : places_)
      if (p.client == client) p.had = count;
    if (places_.empty()) return;
    floor_ =
        std::max(floor_, std::min_element(places_.begin(), places_.end(), [](const place& a, const place& b) {
                           return a.had < b.had;
                         })->had);
  }
  void leave(std::uint32_t client) noexcept {
    std::erase_if(places_, [=](const place& p) { return p.client == client; });
    std::erase_if(clients_, [=](const share& s) { return s.client == client; });
  }

 private:
  struct place {
    std::uint32_t client;
    priority urgency;
    time_point not_before;
    std::uint64_t had;
  };
  struct share {
    std::uint32_t client;
    std::uint64_t had;
  };
  // Many times a timer's lateness in a busy loop; a permit at 200 a minute comes every 300 ms.
  static constexpr std::chrono::milliseconds grace{100};

  std::uint64_t had(std::uint32_t client) const noexcept {
    for (const share& s : clients_)
      if (s.client == client) return s.had;
    return 0;
  }
  std::uint64_t& account(std::uint32_t client) {
    for (share& s : clients_)
      if (s.client == client) return s.had;
    clients_.push_back({client, 0});
    return clients_.back().had;
  }

  std::vector<place> places_;  // as many as clients share the governor: a handful
  std::vector<share> clients_;
  std::uint64_t floor_ = 0;  // what the last of those who wait has had
};

}  // namespace ephemint::inline v0::core
