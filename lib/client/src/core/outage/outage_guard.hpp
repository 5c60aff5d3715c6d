#pragma once

#include "core/outage/outage_gate.hpp"
#include "core/random.hpp"
#include "core/time.hpp"

#include <ephemint/error.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace ephemint::inline v0 {
class rate_governor;
}

namespace ephemint::inline v0::core {

/// What the clients of one governor know about an outage of the API. All functions may be called from any
/// thread. Without an outage they cost one or two relaxed loads.
class outage_guard {
 public:
  using probe_number = outage_gate::probe_number;
  using witness = outage_gate::witness;

  /// The guard that belongs to this governor.
  static outage_guard& of(rate_governor&) noexcept;
  static const outage_guard& of(const rate_governor&) noexcept;

  bool well() const noexcept { return now_.load(std::memory_order_relaxed) == outage_gate::state::well; }
  bool away() const noexcept { return now_.load(std::memory_order_relaxed) == outage_gate::state::away; }
  bool borne(time_point now, duration patience) const noexcept {
    return now_.load(std::memory_order_relaxed) != outage_gate::state::well && borne_if_ill(now, patience);
  }
  time_point since() const noexcept;
  time_point probe_at() const noexcept;
  bool probe_due(time_point now) const noexcept { return away() && now >= probe_at(); }
  /// 0 if no probe is due, or the API isn't away.
  probe_number take_probe(time_point now) noexcept { return away() ? take_if_away(now) : 0; }
  void probe_undone(probe_number) noexcept;

  void on_answer(time_point now) noexcept {
    if (answered_.load(std::memory_order_relaxed) &&
        now_.load(std::memory_order_relaxed) == outage_gate::state::well)
      return;
    answered_after_all(now);
  }
  bool of_the_last(time_point left_at) const noexcept;
  /// An attempt that left at `left_at` failed.
  void on_failure(time_point now, time_point left_at, witness, probe_number, const mint_error& said,
                  splitmix& random) noexcept;

  /// The last failure's error. None unless the API is away and an attempt was made recently.
  struct report {
    time_point since;
    mint_error said;
  };
  std::optional<report> reported(time_point now) const noexcept;

  // Whether other clients may open the gate.
  void join() noexcept { users_.fetch_add(1, std::memory_order_relaxed); }
  void leave() noexcept { users_.fetch_sub(1, std::memory_order_relaxed); }
  bool shared() const noexcept { return users_.load(std::memory_order_relaxed) > 1; }

 private:
  bool borne_if_ill(time_point now, duration patience) const noexcept;
  probe_number take_if_away(time_point now) noexcept;
  void answered_after_all(time_point now) noexcept;
  void publish() noexcept { now_.store(gate_.now(), std::memory_order_relaxed); }

  mutable std::mutex mutex_;
  outage_gate gate_;
  mint_error said_;
  // Copies of the gate's state that can be read without the lock.
  std::atomic<outage_gate::state> now_{outage_gate::state::well};
  std::atomic<bool> answered_{false};
  std::atomic<std::uint32_t> users_{0};
};

}  // namespace ephemint::inline v0::core
