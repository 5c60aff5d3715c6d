#include "core/outage/outage_guard.hpp"

#include <ephemint/rate_governor.hpp>

#include <utility>

namespace ephemint::inline v0::core {

outage_guard& outage_guard::of(rate_governor& governor) noexcept { return *governor.outage_; }
const outage_guard& outage_guard::of(const rate_governor& governor) noexcept { return *governor.outage_; }

bool outage_guard::borne_if_ill(time_point now, duration patience) const noexcept {
  const std::lock_guard lock{mutex_};
  return gate_.borne(now, patience);
}

time_point outage_guard::since() const noexcept {
  const std::lock_guard lock{mutex_};
  return gate_.since();
}

time_point outage_guard::probe_at() const noexcept {
  const std::lock_guard lock{mutex_};
  return gate_.probe_at();
}

outage_guard::probe_number outage_guard::take_if_away(time_point now) noexcept {
  const std::lock_guard lock{mutex_};
  return gate_.take_probe(now);
}

void outage_guard::probe_undone(probe_number number) noexcept {
  if (number == 0) return;
  const std::lock_guard lock{mutex_};
  gate_.probe_undone(number);
}

void outage_guard::answered_after_all(time_point now) noexcept {
  mint_error forgotten;  // freed after the lock was released
  const std::lock_guard lock{mutex_};
  gate_.on_answer(now);
  std::swap(said_, forgotten);
  answered_.store(true, std::memory_order_relaxed);
  publish();
}

bool outage_guard::of_the_last(time_point left_at) const noexcept {
  const std::lock_guard lock{mutex_};
  return gate_.of_the_last(left_at);
}

void outage_guard::on_failure(time_point now, time_point left_at, witness who, probe_number probe,
                              const mint_error& said, splitmix& random) noexcept {
  mint_error last = said;
  const std::lock_guard lock{mutex_};
  gate_.on_failure(now, left_at, who, probe, random);
  std::swap(said_, last);
  publish();
}

std::optional<outage_guard::report> outage_guard::reported(time_point now) const noexcept {
  if (!away()) return std::nullopt;
  const std::lock_guard lock{mutex_};
  if (!gate_.away() || gate_.forgotten(now)) return std::nullopt;
  return report{gate_.since(), said_};
}

}  // namespace ephemint::inline v0::core
