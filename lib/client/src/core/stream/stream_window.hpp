#pragma once

#include "core/mints/token_window.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <cstddef>

namespace ephemint::inline v0::core {

/// How far a stream of mints may run ahead of its reader.
///
/// At most `limit` accounts are read whose results weren't taken, and at most `pace` of them are under way or
/// ready. The pace follows the reader: a token that waited too long is minted again, and halves it; one that
/// was taken with as much of its time left as it had waited adds one. So a reader who takes one in six
/// seconds doesn't cost a window of permits each time, and one who takes three a second isn't run ahead of
/// until tokens get too old again.
class stream_window {
 public:
  stream_window(std::size_t limit, duration min_remaining) noexcept
      : limit_{limit}, pace_{limit}, token_{min_remaining} {}

  /// Whether one more account may be read.
  bool may_read() const noexcept { return !ended_ && outstanding_ < limit_ && begun_ + waiting_ < pace_; }
  void read() noexcept {
    ++outstanding_;
    ++waiting_;
  }
  /// Whether one that was read may be begun.
  bool may_begin() const noexcept { return waiting_ > 0 && begun_ < pace_; }
  void begun() noexcept {
    --waiting_;
    ++begun_;
  }

  /// A result is looked at that came then. True: it is handed over. False: its token, whose request was sent
  /// then, has waited too long; its account waits to be begun again.
  bool take_token(time_point sent_at, time_point came_at, time_point now) noexcept {
    if (token_.good(sent_at, now)) {
      take(now - came_at <= token_.until(sent_at) - now);
      return true;
    }
    --begun_;
    ++waiting_;
    pace_ = std::max<std::size_t>(1, pace_ / 2);
    return false;
  }
  bool take_failure() noexcept {
    take(true);
    return true;
  }

  /// There are no more accounts.
  void end() noexcept { ended_ = true; }
  bool ended() const noexcept { return ended_; }
  /// Every result was taken, and no more will come.
  bool over() const noexcept { return ended_ && outstanding_ == 0; }

  std::size_t outstanding() const noexcept { return outstanding_; }
  std::size_t pace() const noexcept { return pace_; }

 private:
  void take(bool reader_is_quick) noexcept {
    --begun_;
    --outstanding_;
    if (reader_is_quick) pace_ = std::min(pace_ + 1, limit_);
  }

  std::size_t limit_;
  std::size_t pace_;
  token_window token_;
  std::size_t outstanding_ = 0;  ///< accounts that were read, and whose results weren't taken
  std::size_t waiting_ = 0;      ///< of these, those that aren't begun
  std::size_t begun_ = 0;        ///< and those whose mints are under way, or whose results are ready
  bool ended_ = false;
};

}  // namespace ephemint::inline v0::core
