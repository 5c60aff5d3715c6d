#pragma once

#include "core/time.hpp"

#include <ephemint/observer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace ephemint::inline v0::detail {

/// Finds what has changed between two looks at the quota and the key.
class quota_watch {
 public:
  /// While nothing says that there is news, others' news are looked for no more often.
  static constexpr std::chrono::milliseconds pace{100};

  /// In order; so many at most happen between two looks.
  class changes {
   public:
    const quota_report::event* begin() const noexcept { return what_.data(); }
    const quota_report::event* end() const noexcept { return what_.data() + count_; }

   private:
    friend class quota_watch;
    void add(quota_report::event what) noexcept { what_[count_++] = what; }

    std::array<quota_report::event, 4> what_{};
    std::size_t count_ = 0;
  };

  /// A pause that others were told is news to this client's observer.
  quota_watch(core::time_point now, const std::optional<quota>& in_force) noexcept;

  /// There is news of the quota: a 429.
  void expect() noexcept { expecting_ = true; }
  /// Whether it is time for a look.
  bool due(core::time_point now, bool key_refused) const noexcept;
  /// What is news, now that they stand so.
  changes look(core::time_point now, const quota_state&, bool key_refused) noexcept;

 private:
  quota_state known_;
  bool key_refused_ = false;
  bool expecting_ = false;
  core::time_point looked_at_;
  core::time_point paused_until_;
};

}  // namespace ephemint::inline v0::detail
