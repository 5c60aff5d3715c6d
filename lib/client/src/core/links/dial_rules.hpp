#pragma once

#include "core/random.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0::core {

struct link;
struct link_room;

/// Decides when one more link is dialled. Doesn't dial itself.
class dial_rules {
 public:
  struct settings {
    duration first_backoff = std::chrono::milliseconds{50};
    duration max_backoff = std::chrono::seconds{20};
    /// How many requests a link is expected to take at once; 0: not known until the first link has opened.
    std::uint32_t expected_capacity = 1;
  };
  /// Dials at once: enough to warm up quickly, few enough to avoid a storm of handshakes.
  static constexpr std::size_t max_dials = 4;
  /// A dial is retried after at most this time, even if `max_backoff` is longer: a login waits no longer than
  /// 8 s, and a client that waits longer than a fraction of that would miss a recovered server.
  static constexpr std::chrono::seconds longest_backoff{2};

  dial_rules(const settings&, splitmix random);

  /// For how many requests a dial under way is expected to bring room.
  std::size_t expected_capacity() const noexcept { return std::max(settings_.expected_capacity, 1u); }
  /// The next link is expected to bring as much room as this one.
  void opened(const link_room&) noexcept;
  /// The capacity of the last link has changed.
  void granted(std::uint32_t capacity) noexcept { settings_.expected_capacity = std::max(capacity, 1u); }

  /// Whether one more dial may begin while `dialling` are under way.
  bool room_beside(std::size_t dialling) const noexcept;
  bool may_dial(time_point now, std::size_t dialling) const noexcept {
    return room_beside(dialling) && now >= not_before_;
  }
  /// When the back-off that keeps `may_dial` false ends; `never` if something else keeps it false.
  time_point next(time_point now, std::size_t dialling) const noexcept {
    return room_beside(dialling) && now < not_before_ ? not_before_ : never;
  }

  void begun(link&) const noexcept;
  void succeeded() noexcept { failures_ = 0; }
  /// Makes the next dial wait: the wait doubles from `first_backoff`, and half of it is jitter, so that many
  /// clients don't return together. Until a dial succeeds only one goes at a time. False: a dial that was
  /// under way at the same time has failed already, and both count as one failure.
  bool failed(const link&, time_point now) noexcept;
  /// No dial before `until`.
  void postpone(time_point until) noexcept;

  std::uint32_t failures_in_a_row() const noexcept { return failures_; }

 private:
  settings settings_;
  splitmix random_;
  bool shared_ = false;  // whether links are shared
  std::uint32_t failures_ = 0;
  time_point not_before_ = time_point::min();
};

}  // namespace ephemint::inline v0::core
