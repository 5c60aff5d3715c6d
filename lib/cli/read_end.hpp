#pragma once

#include "descriptor.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

namespace ephemint::cli {

/// A descriptor that tells what its reader has yet to take: a pipe, or a UNIX socket. TCP tells only what the
/// peer's machine hasn't got, and files and terminals have no reader that is known.
///
/// `tee` and `cat` take all at once and pass it on: what is in the pipes behind them isn't taken either.
class read_end {
 public:
  /// What became of all that was written.
  enum class state { taken, unread, closed };

  /// Nothing if the descriptor doesn't tell. It must stay open.
  static std::optional<read_end> of(int descriptor) noexcept;

  /// Something was written.
  void written() noexcept { written_ = true; }

  /// One that can't be asked any more has taken all: the next write will say what is wrong.
  state look();

 private:
  read_end(int descriptor, unsigned long question) noexcept : descriptor_{descriptor}, question_{question} {}

  bool passed_on_is_taken();

  int descriptor_;
  unsigned long question_;  // to ioctl
  bool written_ = false;
  std::optional<std::vector<owned_descriptor>> behind_;
};

/// How long to wait before the next look at a reader that has been waited for that long. No event tells that
/// a pipe was drained, so it is looked at: soon first, for a fast reader, seldom in the end. A reader that is
/// slow loses nothing by it, as it is busy with the line that it took.
constexpr std::chrono::microseconds until_next_look(std::chrono::microseconds waited) noexcept {
  using namespace std::chrono_literals;
  return std::clamp<std::chrono::microseconds>(waited / 8, 30us, 100ms);
}

}  // namespace ephemint::cli
