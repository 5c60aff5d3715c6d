#include "core/key/key_gate.hpp"

#include <algorithm>

namespace ephemint::inline v0::core {

key_gate::state key_gate::at(time_point now) const noexcept {
  if (!shut_) return state::open;
  if (!probing_ && now >= shut_until_) return state::probe_due;
  if (has_minted_) return between(now, shut_at_) < patience ? state::failing_logins : state::failing;
  return refused_probes_ >= probes_of_a_new_key ? state::failing : state::waiting;
}

time_point key_gate::not_before(time_point now, duration round_trip) const noexcept {
  if (!shut_) return now;
  return probing_ ? add(now, round_trip) : std::max(now, shut_until_);
}

void key_gate::on_refused(time_point now, bool was_probe, std::uint64_t account) noexcept {
  if (refused_ == 0) refused_since_ = now;
  add_to_run(account);
  if (!shut_) {
    shut_ = should_shut(now);
    if (shut_) shut_at_ = shut_until_ = now;
  } else if (was_probe) {  // what was on its way when the gate fell says no more than is known
    probing_ = false;
    shut_until_ = add(now, pause_after_probe(now));
  }
}

void key_gate::add_to_run(std::uint64_t account) noexcept {
  const auto end = accounts_.begin() + static_cast<std::ptrdiff_t>(refused_);
  if (end == accounts_.end() || std::find(accounts_.begin(), end, account) != end) return;
  *end = account;
  ++refused_;
}

bool key_gate::should_shut(time_point now) const noexcept {
  return !has_minted_ || (refused_ == enough && between(now, refused_since_) >= long_enough);
}

duration key_gate::pause_after_probe(time_point now) noexcept {
  using std::chrono::seconds;
  if (has_minted_) return seconds{between(now, shut_at_) < patience ? 1 : 5};
  if (refused_ < enough_of_a_new_key) return {};
  ++refused_probes_;
  return seconds{refused_probes_ == 1 ? 1 : refused_probes_ == 2 ? 2 : 5};
}

void key_gate::on_minted() noexcept {
  has_minted_ = true;
  refused_ = 0;
  refused_probes_ = 0;
  shut_ = probing_ = false;
}

}  // namespace ephemint::inline v0::core
