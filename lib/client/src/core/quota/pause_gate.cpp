#include "core/quota/pause_gate.hpp"

#include <algorithm>
#include <limits>

namespace ephemint::inline v0::core {

using seconds = std::chrono::duration<double>;

namespace {

duration floor_of(duration retry_after) noexcept {
  return std::clamp(retry_after, duration{}, duration{pause_gate::longest});
}

}  // namespace

std::size_t pause_gate::in_flight_allowed() const noexcept {
  if (phase_ == phase::open) return std::numeric_limits<std::size_t>::max();
  return phase_ == phase::ramping ? ramp_ : 1;
}

bool pause_gate::on_send() noexcept {
  if (phase_ != phase::paused) return false;
  phase_ = phase::probing;
  return true;
}

void pause_gate::probe_undone() noexcept {
  if (phase_ == phase::probing) phase_ = phase::paused;
}

bool pause_gate::is_news(time_point sent_at, bool was_probe) const noexcept {
  return was_probe || sent_at > last_event_ || last_event_ == time_point{};
}

void pause_gate::on_rate_limited(time_point now, time_point sent_at, bool was_probe,
                                 std::optional<duration> retry_after, splitmix& random) noexcept {
  if (!is_news(sent_at, was_probe)) {
    if (retry_after && paused()) until_ = std::max(until_, add(now, floor_of(*retry_after)));
    return;
  }
  if (was_probe)
    ++failed_probes_;
  else if (!paused()) {
    failed_probes_ = 0;
    began_at_ = now;
  }
  const bool first = !paused();
  told_ = retry_after && *retry_after > duration{};
  const time_point end = add(now, length(now, retry_after, random));
  until_ = first ? end : std::max(until_, end);
  last_event_ = now;
  phase_ = phase::paused;
}

void pause_gate::on_admitted(time_point now, bool was_probe) noexcept {
  if (was_probe && phase_ == phase::probing) {
    phase_ = phase::ramping;
    ramp_ = 2;
    released_at_ = now;
  } else if (phase_ == phase::ramping) {
    ++ramp_;
  }
}

void pause_gate::join_pause(time_point now, time_point until) noexcept {
  until = std::min(until, add(now, longest));
  if (phase_ == phase::probing) return;
  if (phase_ != phase::paused) {
    failed_probes_ = 0;
    told_ = true;
    began_at_ = now;
    last_event_ = now;
    until_ = until;
  }
  until_ = std::max(until_, until);
  phase_ = phase::paused;
}

void pause_gate::join_probe(time_point now) noexcept {
  if (phase_ == phase::probing) return;
  join_pause(now, now);
  until_ = now;
}

void pause_gate::join_release(time_point now) noexcept {
  if (phase_ != phase::paused) return;
  phase_ = phase::ramping;
  ramp_ = 2;
  released_at_ = now;
}

void pause_gate::end_ramp() noexcept {
  if (phase_ == phase::ramping) phase_ = phase::open;
}

/// Doubles from 2 s with each failed probe.
seconds pause_gate::own_delay(time_point now, std::uint32_t doublings) const noexcept {
  const double cap = between(now, began_at_) < std::chrono::minutes{1} ? 15.0 : 60.0;
  return seconds{std::min(cap, 2.0 * static_cast<double>(1u << std::min(doublings, 8u)))};
}

duration pause_gate::length(time_point now, std::optional<duration> retry_after,
                            splitmix& random) const noexcept {
  if (!told_) return whole(own_delay(now, failed_probes_) * (1.0 + 0.25 * random.unit()));
  duration wait = floor_of(*retry_after);
  const bool few_probes =
      wait >= std::chrono::seconds{5} && between(now, began_at_) < std::chrono::minutes{1};
  if (failed_probes_ >= 2 && !few_probes) wait = std::max(wait, whole(own_delay(now, failed_probes_ - 2)));
  return wait + whole(seconds{0.25 * random.unit()});
}

}  // namespace ephemint::inline v0::core
