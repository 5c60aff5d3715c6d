#pragma once

#include "core/random.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ephemint::inline v0::core {

struct link;
struct link_room;

/// When one more link is dialled. Decides; dials nothing itself.
class dial_rules {
 public:
  struct settings {
    duration first_backoff = std::chrono::milliseconds{50};
    duration max_backoff = std::chrono::seconds{20};
    /// How many requests a link is expected to take at once; 0: not known before the first has opened.
    std::uint32_t expected_capacity = 1;
  };
  /// Dials at once: enough to warm up quickly, few enough not to be a storm of handshakes.
  static constexpr std::size_t max_dials = 4;
  /// A dial is tried again after at most this, whatever `max_backoff` says: a login waits no longer than 8 s,
  /// and a client that waits longer than a fraction of that would miss a recovered server.
  static constexpr std::chrono::seconds longest_backoff{2};

  dial_rules(const settings&, splitmix random);

  /// How many requests a dial under way is expected to bring room for.
  std::size_t expected_capacity() const noexcept { return std::max(settings_.expected_capacity, 1u); }
  /// What the last one brought is what the next one is expected to bring.
  void opened(const link_room&) noexcept;
  /// It takes more at once than it said, or fewer.
  void granted(std::uint32_t capacity) noexcept { settings_.expected_capacity = std::max(capacity, 1u); }

  /// Whether one more may be under way beside so many.
  bool room_beside(std::size_t dialling) const noexcept;
  bool may_dial(time_point now, std::size_t dialling) const noexcept {
    return room_beside(dialling) && now >= not_before_;
  }
  /// When a back-off ends that keeps `may_dial` false, or `never` if it is something else that does.
  time_point next(time_point now, std::size_t dialling) const noexcept {
    return room_beside(dialling) && now < not_before_ ? not_before_ : never;
  }

  void begun(link&) const noexcept;
  void succeeded() noexcept { failures_ = 0; }
  /// The next dial waits: doubling from `first_backoff`, half of it jitter, so that many clients don't return
  /// together; and until one succeeds they go singly. False: another of those dialled beside it has failed
  /// already; together they are one failure.
  bool failed(const link&, time_point now) noexcept;
  /// There was no memory for one.
  void postpone(time_point until) noexcept;

  std::uint32_t failures_in_a_row() const noexcept { return failures_; }

 private:
  settings settings_;
  splitmix random_;
  bool shared_ = false;  // links are
  std::uint32_t failures_ = 0;
  time_point not_before_ = time_point::min();
};

}  // namespace ephemint::inline v0::core
