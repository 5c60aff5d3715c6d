#include "core/use_report.hpp"

#include <algorithm>

namespace ephemint::inline v0::redis {

namespace {

// The store's own grid has a thousand cells a window: a quarter of a cell is exact enough.
constexpr int runs_a_window = 4000;
// Plus one run for those that have left the window, one at the boundary, and one for rounding.
constexpr std::size_t most_runs = runs_a_window + 3;

}  // namespace

use_report::use_report(core::duration window) noexcept
    : window_{window},
      span_{std::max<core::duration>(window / runs_a_window, std::chrono::microseconds{1})} {}

void use_report::reserve(std::size_t uses) {
  to_come_.reserve(uses);
  const std::size_t needed = std::min(uses, most_runs);
  if (needed > runs_.capacity()) runs_.reserve(std::min(most_runs, std::max(needed, 2 * runs_.capacity())));
}

void use_report::advance(core::time_point now) noexcept {
  while (!to_come_.empty() && to_come_.at(0) <= now) {
    const core::time_point date = to_come_.at(0);
    append(date);
    // One at a time, as two charges may have the same date.
    to_come_.drop_first();
  }
  // Uses that have left the window are reported too, as the store counts reported uses by number. Their dates
  // don't matter.
  const core::time_point edge = core::add(now, -window_);
  std::size_t gone = 0;
  while (gone < runs_.size() && runs_[gone].last <= edge) ++gone;
  if (gone < 2) return;
  for (std::size_t i = 0; i + 1 < gone; ++i) runs_[gone - 1].count += runs_[i].count;
  runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(gone - 1));
}

void use_report::append(core::time_point date) noexcept {
  ++untold_;
  if (!runs_.empty()) {
    run& newest = runs_.back();
    date = std::max(date, newest.last);  // a later date is safe
    // The last run takes any number of uses, so that there is room even if the clock stands still or goes
    // back.
    if (core::between(date, newest.first) < span_ || runs_.size() == most_runs) {
      newest.last = date;
      ++newest.count;
      return;
    }
  }
  runs_.push_back({date, date, 1});
}

void use_report::write(core::time_point now, store_call& call) const {
  call.confirmed = confirmed_;
  call.uses.reserve(runs_.size());
  for (const run& r : runs_) {
    const auto age = std::max(core::duration{}, core::between(now, r.last));
    // Rounded down: a younger age is safe.
    call.uses.push_back({std::chrono::floor<milliseconds>(age), r.count});
  }
}

void use_report::confirm(std::uint64_t uses) noexcept {
  uses = std::min(uses, untold_);
  confirmed_ += uses;
  untold_ -= uses;
  std::size_t whole = 0;
  while (whole < runs_.size() && runs_[whole].count <= uses) uses -= runs_[whole++].count;
  runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(whole));
  if (uses > 0) runs_.front().count -= uses;
}

void use_report::begin_anew(core::time_point now, const core::charge_log& charged) noexcept {
  confirmed_ = 0;
  untold_ = 0;
  runs_.clear();
  // Charges that are in the future stay in `to_come_`.
  for (std::size_t i = 0; i < charged.size() && charged.at(i) <= now; ++i) append(charged.at(i));
}

}  // namespace ephemint::inline v0::redis
