#pragma once

#include "core/random.hpp"
#include "core/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace ephemint::inline v0::core {

/// Nobody sends while the server asked for silence; then one probe, then a ramp.
///
/// `Retry-After` is a floor: never shortened, only lengthened by a jitter of at most 0.25 s that keeps
/// processes on one key from returning in step. Without it: 2 s, doubled with each failed probe up to 15 s,
/// up to 60 s once the pause is a minute old, + up to 25 %. With one that was wrong twice, the longer of
/// both; but 5 s and more are taken at their word for a minute, since so few probes cost nothing, and to be
/// back late fails logins. All 429s of requests that left before the last one was heard are that one
/// event: they can lengthen the pause, not deepen it. A pause never exceeds 5 minutes, so that no header
/// stops a client for good.
class pause_gate {
 public:
  static constexpr std::chrono::minutes longest{5};

  bool open() const noexcept { return phase_ == phase::open; }
  /// A probe is due or on its way: one request at a time.
  bool paused() const noexcept { return phase_ == phase::paused || phase_ == phase::probing; }
  bool probing() const noexcept { return phase_ == phase::probing; }
  bool ramping() const noexcept { return phase_ == phase::ramping; }
  time_point until() const noexcept { return until_; }
  time_point released_at() const noexcept { return released_at_; }
  std::uint32_t failed_probes() const noexcept { return failed_probes_; }
  /// Three times or more in this pause the server refused a request that came when it had said to come: it
  /// isn't counting, it is ill. (Twice may be the work of others, who were quicker.)
  bool misled() const noexcept { return told_ && failed_probes_ >= 3; }

  /// How many may be in flight now, beyond the usual cap.
  std::size_t in_flight_allowed() const noexcept;

  /// A request leaves at `now`, `now` >= `until()`. Whether it is the probe.
  bool on_send() noexcept;
  void probe_undone() noexcept;

  /// Whether this 429 is news (an event of its own, not the echo of an earlier one).
  bool is_news(time_point sent_at, bool was_probe) const noexcept;
  void on_rate_limited(time_point now, time_point sent_at, bool was_probe,
                       std::optional<duration> retry_after, splitmix& random) noexcept;

  /// A request got through. The probe's success opens a ramp: 2 in flight, then one more a success.
  void on_admitted(time_point now, bool was_probe) noexcept;
  void end_ramp() noexcept;

  // What others who share the quota were told.
  /// Nobody sends until then, but who is let go as the probe.
  void join_pause(time_point now, time_point until) noexcept;
  /// We are the one who probes.
  void join_probe(time_point now) noexcept;
  /// Somebody's probe got through.
  void join_release(time_point now) noexcept;

 private:
  enum class phase : std::uint8_t { open, paused, probing, ramping };

  std::chrono::duration<double> own_delay(time_point now, std::uint32_t doublings) const noexcept;
  duration length(time_point now, std::optional<duration> retry_after, splitmix& random) const noexcept;

  phase phase_ = phase::open;
  bool told_ = false;  // by the last 429, when to come back
  std::uint32_t failed_probes_ = 0;
  std::size_t ramp_ = 0;
  time_point until_{};
  time_point began_at_{};
  time_point last_event_{};
  time_point released_at_{};
};

}  // namespace ephemint::inline v0::core
