#pragma once

#include <ephemint/clock.hpp>

#include <chrono>
#include <cstddef>

namespace ephemint::cli {

/// How many lines may wait for a reader.
///
/// One: the next may be taken 4 s after the one before, and a token that is written has 5 s to live. A system
/// call and two changes of process for each line are dear only where lines come by the thousand, much faster
/// than the quota has them, and only there it may be two: for a reader that has taken so many in a row, each
/// at once, that its tokens are fresh. Should it slow down to a line in 4 s, the second has 8 s, which such a
/// token has. It is back at one when it is late once.
class reader_pace {
 public:
  /// Whether another line may be written before the reader is looked at.
  bool may_write() const noexcept { return ahead_ < (quick_ < proof ? 1 : most_ahead); }

  void wrote(clock::time_point now) noexcept {
    ++ahead_;
    wrote_at_ = now;
  }
  /// A look: it has taken all. One that comes late tells nothing of its speed.
  void took_all(clock::time_point now) noexcept {
    if (now - wrote_at_ <= at_once) quick_ += ahead_;
    ahead_ = 0;
  }
  /// A look: it hasn't.
  void lags(clock::time_point now) noexcept {
    if (now - wrote_at_ > at_once) quick_ = 0;
  }

 private:
  static constexpr std::size_t proof = 1000;
  static constexpr std::size_t most_ahead = 2;
  /// A busy machine may take so long to let a reader run.
  static constexpr std::chrono::milliseconds at_once{20};

  std::size_t ahead_ = 0;  // lines since it was last seen to have taken all
  std::size_t quick_ = 0;  // lines in a row that it took at once
  clock::time_point wrote_at_{};
};

}  // namespace ephemint::cli
