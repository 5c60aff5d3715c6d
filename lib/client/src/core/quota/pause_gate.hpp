#pragma once

#include "core/random.hpp"
#include "core/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace ephemint::inline v0::core {

/// While the server asks for a pause nothing is sent; then one probe goes, then a ramp follows.
///
/// `Retry-After` is a minimum: it is never shortened, only lengthened by a jitter of at most 0.25 s, so that
/// processes with one key don't return in step. Without it the pause is 2 s, doubled with each failed probe
/// up to 15 s, or up to 60 s once the pause is a minute old, plus up to 25 %. After a `Retry-After` that was
/// wrong twice, the longer of the two applies. But for the first minute a `Retry-After` of 5 s or more is
/// believed: so few probes cost nothing, and coming back late fails logins. All 429s of requests that left
/// before the last 429 came count as one event: they can lengthen the pause, but don't double it. A pause
/// never exceeds 5 minutes, so that no header stops a client for good.
class pause_gate {
 public:
  static constexpr std::chrono::minutes longest{5};

  bool open() const noexcept { return phase_ == phase::open; }
  /// There never was a pause.
  bool untouched() const noexcept { return open() && last_event_ == time_point{}; }
  /// Nothing may be sent but one probe, which is due later, due now or under way.
  bool paused() const noexcept { return phase_ == phase::paused || phase_ == phase::probing; }
  bool probing() const noexcept { return phase_ == phase::probing; }
  bool ramping() const noexcept { return phase_ == phase::ramping; }
  time_point until() const noexcept { return until_; }
  time_point released_at() const noexcept { return released_at_; }
  std::uint32_t failed_probes() const noexcept { return failed_probes_; }
  /// At least three times in this pause the server refused a request that came at the time it had named: its
  /// limiter is broken and doesn't count. (Twice may be because others were quicker.)
  bool misled() const noexcept { return told_ && failed_probes_ >= 3; }

  /// The most requests in flight now, in addition to the usual cap.
  std::size_t in_flight_allowed() const noexcept;

  /// A request leaves now, not before `until()`. Returns whether it is the probe.
  bool on_send() noexcept;
  void probe_undone() noexcept;

  /// Whether this 429 is an event of its own, not the echo of an earlier one.
  bool is_news(time_point sent_at, bool was_probe) const noexcept;
  void on_rate_limited(time_point now, time_point sent_at, bool was_probe,
                       std::optional<duration> retry_after, splitmix& random) noexcept;

  /// A request was admitted. The probe's success begins the ramp: 2 in flight, then one more with each
  /// success.
  void on_admitted(time_point now, bool was_probe) noexcept;
  void end_ramp() noexcept;

  // What others who share the quota have learned.
  /// Nothing is sent until then, apart from the probe.
  void join_pause(time_point now, time_point until) noexcept;
  /// This process sends the probe.
  void join_probe(time_point now) noexcept;
  /// A probe of another process was admitted.
  void join_release(time_point now) noexcept;

 private:
  enum class phase : std::uint8_t { open, paused, probing, ramping };

  std::chrono::duration<double> own_delay(time_point now, std::uint32_t doublings) const noexcept;
  duration length(time_point now, std::optional<duration> retry_after, splitmix& random) const noexcept;

  phase phase_ = phase::open;
  bool told_ = false;  // whether the last 429 had a `Retry-After`
  std::uint32_t failed_probes_ = 0;
  std::size_t ramp_ = 0;
  time_point until_{};
  time_point began_at_{};
  time_point last_event_{};
  time_point released_at_{};
};

}  // namespace ephemint::inline v0::core
