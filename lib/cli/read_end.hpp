#pragma once

#include "descriptor.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

namespace ephemint::cli {

/// A descriptor that tells how much its reader hasn't taken yet: a pipe or a UNIX socket. TCP tells only what
/// the peer's machine hasn't received, and for files and terminals no reader is known.
///
/// `tee` and `cat` take everything at once and pass it on, so bytes in the pipes after them don't count as
/// taken either.
class read_end {
 public:
  /// Whether the reader has taken all that was written.
  enum class state { taken, unread, closed };

  /// None if the descriptor can't tell. It must stay open.
  static std::optional<read_end> of(int descriptor) noexcept;

  /// Call it after each write.
  void written() noexcept { written_ = true; }

  /// If the descriptor can't tell any more the result is `taken`: the next write will report the error.
  state look();

 private:
  read_end(int descriptor, unsigned long question) noexcept : descriptor_{descriptor}, question_{question} {}

  bool passed_on_is_taken();

  int descriptor_;
  unsigned long question_;  // the ioctl request
  bool written_ = false;
  std::optional<std::vector<owned_descriptor>> behind_;
};

/// How long to wait before the next check of a reader for which we have waited that long. No event tells that
/// a pipe was drained, so it is polled: often at first, for a fast reader, and rarely later. A slow reader
/// loses nothing, as it is busy with the line that it took.
constexpr std::chrono::microseconds until_next_look(std::chrono::microseconds waited) noexcept {
  using namespace std::chrono_literals;
  return std::clamp<std::chrono::microseconds>(waited / 8, 30us, 100ms);
}

}  // namespace ephemint::cli
