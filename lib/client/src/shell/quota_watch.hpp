#pragma once

#include "core/time.hpp"

#include <ephemint/observer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace ephemint::inline v0::detail {

/// Finds what has changed in the quota and the key between two looks.
class quota_watch {
 public:
  /// How often to look for changes by other clients, while there is no sign of any.
  static constexpr std::chrono::milliseconds pace{100};

  /// The changes in order; there can't be more of them between two looks.
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

  /// A pause that began before, by another client's 429, is still news to this client's observer.
  quota_watch(core::time_point now, const std::optional<quota>& in_force) noexcept;

  /// A 429 came: the quota may have changed.
  void expect() noexcept { expecting_ = true; }
  /// Whether it is time for a look.
  bool due(core::time_point now, bool key_refused) const noexcept;
  /// The changes, given the present state.
  changes look(core::time_point now, const quota_state&, bool key_refused) noexcept;

 private:
  quota_state known_;
  bool key_refused_ = false;
  bool expecting_ = false;
  core::time_point looked_at_;
  core::time_point paused_until_;
};

}  // namespace ephemint::inline v0::detail
