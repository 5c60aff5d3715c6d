#pragma once

#include "core/quota/charge_log.hpp"
#include "core/store_call.hpp"
#include "core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ephemint::inline v0::redis {

/// Requests that count as sent, kept until the store has surely counted them too.
///
/// They are reported in the order in which they were added, and new ones are only added at the end: the store
/// knows how many it has seen, and skips that many if they are reported again. Neighbours in time are merged
/// into a run with the last one's date, so a report stays bounded, however large the quota is and however
/// long the store was away.
class use_report {
 public:
  explicit use_report(core::duration window) noexcept;

  /// Makes room for that many in all. Throws `std::bad_alloc`; then nothing has changed.
  void reserve(std::size_t uses);
  /// `date` may be in the future: until then the request counts as held.
  void add(core::time_point date) noexcept { to_come_.add(date); }
  /// Moves the requests whose date has come to those that are reported.
  void advance(core::time_point now) noexcept;

  std::size_t to_come() const noexcept { return to_come_.size(); }
  std::uint64_t untold() const noexcept { return untold_; }
  std::uint64_t confirmed() const noexcept { return confirmed_; }

  /// Throws `std::bad_alloc`.
  void write(core::time_point now, store_call&) const;
  /// The store has counted the first `uses` of those that were written.
  void confirm(std::uint64_t uses) noexcept;

  /// The store has forgotten this member, but not the uses that it counted.
  void begin_anew() noexcept { confirmed_ = 0; }
  /// The store has lost everything: all that we charged must be reported.
  void begin_anew(core::time_point now, const core::charge_log& charged) noexcept;

 private:
  struct run {
    core::time_point first;
    core::time_point last;
    std::uint64_t count;
  };

  void append(core::time_point date) noexcept;

  core::duration window_;
  core::duration span_;  // the longest time span of a run
  core::charge_log to_come_;
  std::vector<run> runs_;     // in order of time
  std::uint64_t untold_ = 0;  // the uses in `runs_`
  std::uint64_t confirmed_ = 0;
};

}  // namespace ephemint::inline v0::redis
