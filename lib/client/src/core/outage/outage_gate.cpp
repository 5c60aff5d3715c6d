#include "core/outage/outage_gate.hpp"

#include <algorithm>

namespace ephemint::inline v0::core {

outage_gate::state outage_gate::now() const noexcept {
  if (failures_ == 0) return state::well;
  return failures_ == failures_to_shut && ever_answered_ ? state::away : state::suspected;
}

outage_gate::probe_number outage_gate::take_probe(time_point now) noexcept {
  if (!away() || now < probe_at_) return 0;
  taken_at_ = now;
  probe_at_ = add(now, longest_backoff);
  if (++last_probe_ == 0) ++last_probe_;
  return last_probe_;
}

void outage_gate::probe_undone(probe_number number) noexcept {
  if (number != 0 && number == last_probe_) probe_at_ = std::min(probe_at_, taken_at_);
}

void outage_gate::on_answer(time_point now) noexcept {
  if (away()) ended_at_ = now;
  ever_answered_ = true;
  failures_ = 0;
}

void outage_gate::on_failure(time_point now, time_point left_at, witness who, probe_number probe,
                             splitmix& random) noexcept {
  if (of_the_last(left_at)) return;
  if (forgotten(now)) failures_ = 0;
  last_failure_ = now;
  if (failures_ == 0) since_ = now;
  if (failures_ == failures_to_shut) {
    // Other requests, which were under way already or can't wait, tell nothing new.
    if (probe == 0 || probe != last_probe_) return;
    ++failed_probes_;
    probe_at_ = std::max(now, add(taken_at_, backoff(random)));
    return;
  }
  if (testified(who)) return;
  witnesses_[failures_++] = who;
  if (failures_ < failures_to_shut) return;
  failed_probes_ = 0;
  probe_at_ = add(now, backoff(random));
}

bool outage_gate::testified(witness who) const noexcept {
  const auto end = witnesses_.begin() + static_cast<std::ptrdiff_t>(failures_);
  return who != a_dial && std::find(witnesses_.begin(), end, who) != end;
}

duration outage_gate::backoff(splitmix& random) const noexcept {
  const auto doublings = std::min<std::uint32_t>(failed_probes_, 16);
  const duration whole = std::min<duration>(first_backoff * (std::int64_t{1} << doublings), longest_backoff);
  return std::chrono::duration_cast<duration>(whole * (0.5 + 0.5 * random.unit()));
}

}  // namespace ephemint::inline v0::core
