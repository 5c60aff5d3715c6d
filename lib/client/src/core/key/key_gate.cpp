#include "core/key/key_gate.hpp"

#include <algorithm>
#include <chrono>

namespace ephemint::inline v0::core {

key_gate::state key_gate::at(time_point now) const noexcept {
  if (!refused_) return state::open;
  if (!probing_ && now >= shut_until_) return state::probe_due;
  return refused_probes_ >= probes_until_failing ? state::failing : state::waiting;
}

time_point key_gate::not_before(time_point now, duration round_trip) const noexcept {
  if (!refused_) return now;
  return probing_ ? add(now, round_trip) : std::max(now, shut_until_);
}

void key_gate::on_refused(time_point now, bool was_probe) noexcept {
  if (!refused_) {
    refused_ = true;
    shut_until_ = now;
  } else if (was_probe) {
    probing_ = false;
    ++refused_probes_;
    shut_until_ = add(now, std::chrono::seconds{refused_probes_ == 1 ? 1 : refused_probes_ == 2 ? 2 : 5});
  }
  // Others that were on their way when the gate fell say what is known.
}

void key_gate::on_admitted(bool was_probe) noexcept {
  if (was_probe) *this = key_gate{};
}

}  // namespace ephemint::inline v0::core
