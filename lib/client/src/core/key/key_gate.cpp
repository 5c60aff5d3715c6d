#include "core/key/key_gate.hpp"

#include <algorithm>
#include <utility>

namespace ephemint::inline v0::core {

key_gate::state key_gate::at(time_point now) const noexcept {
  if (!shut_) return state::open;
  if (!probing_ && now >= shut_until_) return state::probe_due;
  if (refused_probes_ == 0) return state::waiting;
  return hopeless() ? state::failing : state::failing_logins;
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
    if (shut_) shut_at_ = shut_until_ = probe_refused_at_ = now;
  } else if (was_probe) {  // a request that was under way when the gate shut tells nothing new
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
  return !has_minted_ || (refused_ == disowned && between(now, refused_since_) >= long_enough);
}

/// The minute is measured between refusals of probes: a machine that slept has sent none.
bool key_gate::hopeless() const noexcept {
  if (has_minted_ || told_) return between(probe_refused_at_, shut_at_) >= patience;
  return refused_ >= given_up && refused_probes_ >= probes_before_given_up;
}

duration key_gate::pause_after_probe(time_point now) noexcept {
  if (refused_ < doubted && !told_) return {};
  ++refused_probes_;
  probe_refused_at_ = now;
  return std::chrono::seconds{hopeless() ? 5 : 1};
}

void key_gate::on_minted() noexcept {
  has_minted_ = true;
  refused_ = 0;
  refused_probes_ = 0;
  shut_ = told_ = probing_ = false;
}

void key_gate::on_told_refused(time_point now, time_point since, time_point until, bool again) noexcept {
  if (!std::exchange(shut_, true)) shut_at_ = probe_refused_at_ = since;
  told_ = true;
  shut_until_ = until;
  if (!again) return;
  ++refused_probes_;
  probe_refused_at_ = now;
}

}  // namespace ephemint::inline v0::core
