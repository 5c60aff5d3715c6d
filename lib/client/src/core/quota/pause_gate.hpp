#pragma once

#include "core/random.hpp"

#include <ephemint/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

namespace ephemint::inline v0::core {

/// Nobody sends while the server asked for silence; then one probe, then a ramp.
///
/// `Retry-After` is a floor: never shortened, only lengthened by a jitter of at most 0.25 s that keeps
/// processes on one key from returning in step. Without it: 2 s, doubled with each failed probe up to 15 s,
/// up to 60 s once the pause is a minute old, + up to 25 %. With one that was wrong twice, the longer of
/// both; but 5 s and more are taken at their word for a minute, since so few probes cost nothing, and whoever
/// is back late fails logins. All 429s of requests that left before the last one was heard are that one
/// event: they can lengthen the pause, not deepen it. A pause never exceeds 5 minutes, so that no header
/// stops a client for good. (governor.md, "Pause"; the bounds are those of api-facts.md.)
class pause_gate {
 public:
  using time_point = clock::time_point;
  static constexpr std::chrono::minutes longest{5};

  bool open() const noexcept { return phase_ == phase::open; }
  /// A probe is due or on its way: one request at a time.
  bool paused() const noexcept { return phase_ == phase::paused || phase_ == phase::probing; }
  bool probing() const noexcept { return phase_ == phase::probing; }
  bool ramping() const noexcept { return phase_ == phase::ramping; }
  time_point until() const noexcept { return until_; }
  time_point released_at() const noexcept { return released_at_; }
  std::uint32_t failed_probes() const noexcept { return failed_probes_; }
  /// The server said when to come back, and refused who then came, three times or more in this pause: it
  /// isn't counting, it is ill. (Twice is no more than others who were quicker.)
  bool misled() const noexcept { return told_ && failed_probes_ >= 3; }

  /// How many may be in flight now, beyond the usual cap.
  std::size_t in_flight_allowed() const noexcept {
    if (phase_ == phase::open) return std::numeric_limits<std::size_t>::max();
    return phase_ == phase::ramping ? ramp_ : 1;
  }

  /// A request leaves at `now`, `now` >= `until()`. Whether it is the probe.
  bool on_send() noexcept {
    if (phase_ != phase::paused) return false;
    phase_ = phase::probing;
    return true;
  }
  void probe_undone() noexcept {
    if (phase_ == phase::probing) phase_ = phase::paused;
  }

  /// Whether this 429 is news (an event of its own, not the echo of an earlier one).
  bool is_news(time_point sent_at, bool was_probe) const noexcept {
    return was_probe || sent_at > last_event_ || last_event_ == time_point{};
  }

  void on_rate_limited(time_point now, time_point sent_at, bool was_probe,
                       std::optional<clock::duration> retry_after, splitmix& random) {
    if (!is_news(sent_at, was_probe)) {
      if (retry_after && paused()) until_ = std::max(until_, now + floor_of(*retry_after));
      return;
    }
    if (was_probe)
      ++failed_probes_;
    else if (!paused()) {
      failed_probes_ = 0;
      began_at_ = now;
    }
    const bool first = !paused();
    told_ = retry_after && *retry_after > clock::duration{};
    const clock::duration wait = length(now, retry_after, random);
    until_ = first ? now + wait : std::max(until_, now + wait);
    last_event_ = now;
    phase_ = phase::paused;
  }

  /// A request got through. The probe's success opens a ramp: 2 in flight, then one more a success.
  void on_admitted(time_point now, bool was_probe) noexcept {
    if (was_probe && phase_ == phase::probing) {
      phase_ = phase::ramping;
      ramp_ = 2;
      released_at_ = now;
    } else if (phase_ == phase::ramping) {
      ++ramp_;
    }
  }
  void end_ramp() noexcept {
    if (phase_ == phase::ramping) phase_ = phase::open;
  }

 private:
  enum class phase : std::uint8_t { open, paused, probing, ramping };
  using seconds = std::chrono::duration<double>;

  static clock::duration floor_of(clock::duration retry_after) noexcept {
    return std::clamp(retry_after, clock::duration{}, clock::duration{longest});
  }

  // Doubles from 2 s with each failed probe.
  seconds own_delay(time_point now, std::uint32_t doublings) const noexcept {
    const double cap = now - began_at_ < std::chrono::minutes{1} ? 15.0 : 60.0;
    return seconds{std::min(cap, 2.0 * static_cast<double>(1u << std::min(doublings, 8u)))};
  }

  clock::duration length(time_point now, std::optional<clock::duration> retry_after, splitmix& random) const {
    const auto whole = [](seconds s) { return std::chrono::duration_cast<clock::duration>(s); };
    if (!told_) return whole(own_delay(now, failed_probes_) * (1.0 + 0.25 * random.unit()));
    clock::duration wait = floor_of(*retry_after);
    const bool few_probes = wait >= std::chrono::seconds{5} && now - began_at_ < std::chrono::minutes{1};
    if (failed_probes_ >= 2 && !few_probes) wait = std::max(wait, whole(own_delay(now, failed_probes_ - 2)));
    return wait + whole(seconds{0.25 * random.unit()});
  }

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
