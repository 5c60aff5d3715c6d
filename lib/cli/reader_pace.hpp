#pragma once

#include <ephemint/clock.hpp>

#include <chrono>
#include <cstddef>

namespace ephemint::cli {

/// How many lines may wait for a reader.
///
/// Usually one: the reader may take the next line 4 s after the one before, and a token that is written has
/// at least 5 s to live. A system call and two context switches per line are expensive only if lines come by
/// the thousand, much faster than the usual quota allows. Only then it may be two: for a reader that has
/// taken so many lines in a row at once that its tokens are fresh. If that reader slows down to a line in 4
/// s, the second token must live 8 s, which a fresh one does. After a single late read it is one again.
class reader_pace {
 public:
  /// Whether another line may be written before the reader is checked.
  bool may_write() const noexcept { return ahead_ < (quick_ < proof ? 1 : most_ahead); }

  void wrote(clock::time_point now) noexcept {
    ++ahead_;
    wrote_at_ = now;
  }
  /// A check found that the reader has taken all. A late check tells nothing about its speed.
  void took_all(clock::time_point now) noexcept {
    if (now - wrote_at_ <= at_once) quick_ += ahead_;
    ahead_ = 0;
  }
  /// A check found that it hasn't.
  void lags(clock::time_point now) noexcept {
    if (now - wrote_at_ > at_once) quick_ = 0;
  }

 private:
  static constexpr std::size_t proof = 1000;
  static constexpr std::size_t most_ahead = 2;
  /// A busy machine may take this long to let the reader run.
  static constexpr std::chrono::milliseconds at_once{20};

  std::size_t ahead_ = 0;  // lines written since the reader had last taken all
  std::size_t quick_ = 0;  // lines in a row that the reader took at once
  clock::time_point wrote_at_{};
};

}  // namespace ephemint::cli
