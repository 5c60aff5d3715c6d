#include "core/key/key_guard.hpp"

namespace ephemint::inline v0::core {

key_guard::state key_guard::at_shut(time_point now) const noexcept {
  const std::lock_guard lock{mutex_};
  return gate_.at(now);
}

time_point key_guard::not_before_shut(time_point now, duration round_trip) const noexcept {
  const std::lock_guard lock{mutex_};
  return gate_.not_before(now, round_trip);
}

key_guard::permission key_guard::may_send_shut(time_point now) noexcept {
  const std::lock_guard lock{mutex_};
  switch (gate_.at(now)) {
    case state::open:
      return permission::go;
    case state::probe_due:
      gate_.probe_left();
      return permission::go_as_probe;
    case state::waiting:
      return permission::wait;
    case state::failing_logins:
      return permission::fail_logins;
    case state::failing:
      return permission::fail;
  }
  return permission::wait;
}

/// With the lock held: `renewed` changes both.
bool key_guard::in_force(std::uint64_t version) const noexcept {
  return version == version_.load(std::memory_order_relaxed);
}

void key_guard::probe_undone(std::uint64_t version) noexcept {
  const std::lock_guard lock{mutex_};
  if (in_force(version)) gate_.probe_undone();
}

void key_guard::on_refused(time_point now, bool probe, std::uint64_t account,
                           std::uint64_t version) noexcept {
  const std::lock_guard lock{mutex_};
  if (!in_force(version)) return;
  gate_.on_refused(now, probe, account);
  publish();
}

void key_guard::on_minted_in_doubt(std::uint64_t version) noexcept {
  const std::lock_guard lock{mutex_};
  if (!in_force(version)) return;
  gate_.on_minted();
  publish();
}

void key_guard::renewed() noexcept {
  const std::lock_guard lock{mutex_};
  version_.fetch_add(1, std::memory_order_release);
  gate_ = key_gate{};
  publish();
}

}  // namespace ephemint::inline v0::core
