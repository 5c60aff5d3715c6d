#pragma once

#include "core/mints/token_window.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <cstddef>

namespace ephemint::inline v0::core {

/// How far a stream of mints may run ahead of its reader.
///
/// At most `limit` accounts have been read whose results weren't taken, and at most `pace` of these are under
/// way or ready. The pace follows the reader. A token that waited too long is minted again, and halves the
/// pace; one that was taken with as much time left as it had waited adds one. So a reader that takes one
/// result in six seconds doesn't waste a window of permits each time, and for one that takes three a second
/// the pace stops growing before tokens become too old.
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
  /// Whether the mint of an account that was read may begin.
  bool may_begin() const noexcept { return waiting_ > 0 && begun_ < pace_; }
  void begun() noexcept {
    --waiting_;
    ++begun_;
  }

  /// The reader takes a token that came at `came_at`, and whose request was sent at `sent_at`. True: it is
  /// handed over. False: it has waited too long; its account waits to be minted again.
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

  /// The source has no more accounts.
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
  std::size_t outstanding_ = 0;  ///< accounts that were read and whose results weren't taken
  std::size_t waiting_ = 0;      ///< of these, those not begun yet
  std::size_t begun_ = 0;        ///< of these, those whose mints are under way or whose results are ready
  bool ended_ = false;
};

}  // namespace ephemint::inline v0::core
