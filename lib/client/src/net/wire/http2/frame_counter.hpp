#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ephemint::inline v0::net {

/// Counts the frames that a peer sends, including those of unknown types, which nghttp2 doesn't report.
class frame_counter {
 public:
  /// Takes the next bytes of the stream. Returns how many frames begin in them.
  int take(std::string_view bytes) noexcept {
    int begun = 0;
    while (!bytes.empty()) {
      if (rest_ != 0) {
        const std::size_t skipped = std::min<std::size_t>(rest_, bytes.size());
        rest_ -= static_cast<std::uint32_t>(skipped);
        bytes.remove_prefix(skipped);
        continue;
      }
      if (head_ < length_size) length_ = length_ << 8 | static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      if (head_++ == 0) ++begun;
      if (head_ < head_size) continue;
      rest_ = length_;
      length_ = head_ = 0;
    }
    return begun;
  }

 private:
  static constexpr std::uint32_t head_size = 9;
  static constexpr std::uint32_t length_size = 3;  // a frame's head begins with it

  std::uint32_t head_ = 0;    // bytes of the present head that have come
  std::uint32_t length_ = 0;  // the length of the frame, as far as it has come
  std::uint32_t rest_ = 0;    // bytes of the frame before the next head
};

}  // namespace ephemint::inline v0::net
