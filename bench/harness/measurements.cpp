#include "measurements.hpp"

namespace ephemint::bench {

void measurements::record(clock::time_point scheduled, clock::time_point called,
                          std::chrono::milliseconds deadline, const handed_over& what) {
  ++calls;
  late_start.record(called - scheduled);
  if (!what.failure.empty()) {
    failing.record(what.at - scheduled);
    if (failed.empty()) first_failure = what.failure;
    ++failed[what.failure];
    return;
  }
  ++minted;
  corrected.record(what.at - scheduled);
  uncorrected.record(what.at - called);
  age.record(what.age);
  if (token_lifetime - what.age < min_remaining) ++under_min_remaining;
  if (what.age >= token_lifetime) ++dead;
  if (what.at - scheduled <= deadline) ++in_time;
}

void measurements::merge_ages(const measurements& other) noexcept {
  age.merge(other.age);
  under_min_remaining += other.under_min_remaining;
  dead += other.dead;
}

}  // namespace ephemint::bench
