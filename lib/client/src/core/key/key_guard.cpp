#include "core/key/key_guard.hpp"

#include <utility>

namespace ephemint::inline v0::core {

key_guard::state key_guard::at_shut(time_point now) const noexcept {
  const std::lock_guard lock{mutex_};
  return gate_.at(now);
}

time_point key_guard::not_before_shut(time_point now, duration round_trip) const noexcept {
  const std::lock_guard lock{mutex_};
  // A grant wakes the clients that wait for it; this time is for the case that no grant comes.
  if (lacks_grant(now) && gate_.at(now) == state::probe_due) return add(now, round_trip);
  return gate_.not_before(now, round_trip);
}

key_guard::permission key_guard::may_send_shut(time_point now) noexcept {
  std::unique_lock lock{mutex_};
  switch (gate_.at(now)) {
    case state::open:
      return permission::go;
    case state::probe_due:
      if (lacks_grant(now)) {
        if (!std::exchange(asked_, true)) asked_since_ = now;
        if (!std::exchange(asks_, true)) tell_watch(std::move(lock));
        return permission::wait;
      }
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
  std::unique_lock lock{mutex_};
  if (!in_force(version)) return;
  const bool known = gate_.fallen();
  gate_.on_refused(now, probe, account);
  publish();
  if (!gate_.fallen() || (known && !probe)) return;
  if (known) ++refusals_;
  ++judged_;
  end_asking();
  tell_watch(std::move(lock));
}

void key_guard::on_minted_in_doubt(std::uint64_t version) noexcept {
  std::unique_lock lock{mutex_};
  if (!in_force(version)) return;
  const bool refused = gate_.fallen();
  gate_.on_minted();
  publish();
  if (!refused) return;
  ++judged_;
  end_asking();
  tell_watch(std::move(lock));
}

void key_guard::renewed() noexcept {
  const std::lock_guard lock{mutex_};
  version_.fetch_add(1, std::memory_order_release);
  gate_ = key_gate{};
  publish();
  end_asking();
}

void key_guard::tell_watch(std::unique_lock<std::mutex> lock) noexcept {
  const auto told = watch_.lock();
  lock.unlock();
  if (told) told->key_judged();
}

void key_guard::tell(std::weak_ptr<key_watch> watch) noexcept {
  const std::lock_guard lock{mutex_};
  watch_.swap(watch);
}

void key_guard::set_by_grant(bool by_grant) noexcept {
  const std::lock_guard lock{mutex_};
  by_grant_ = by_grant;
}

key_report key_guard::report() const noexcept {
  const std::lock_guard lock{mutex_};
  return {version(), gate_.fallen(), refusals_, judged_, asks_};
}

void key_guard::adopt_refused(time_point now, time_point since, time_point until, bool again,
                              std::uint64_t version) noexcept {
  const std::lock_guard lock{mutex_};
  if (!in_force(version)) return;
  gate_.on_told_refused(now, since, until, again);
  publish();
  asks_ = false;
  if (again) asked_ = false;
}

void key_guard::adopt_accepted(std::uint64_t version) noexcept {
  const std::lock_guard lock{mutex_};
  if (!in_force(version)) return;
  gate_.on_minted();
  publish();
  end_asking();
}

void key_guard::grant_probe(time_point until, std::uint64_t version) noexcept {
  const std::lock_guard lock{mutex_};
  if (!in_force(version)) return;
  granted_until_ = until;
  asked_ = false;
}

}  // namespace ephemint::inline v0::core
