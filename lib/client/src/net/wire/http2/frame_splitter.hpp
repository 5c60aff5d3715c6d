#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ephemint::inline v0::net {

/// Splits a peer's bytes at the bounds of its frames, those of unknown types included. A frame's head always
/// comes whole, and no piece has bytes of two frames: so what is made of them doesn't depend on how they were
/// cut on their way.
class frame_splitter {
 public:
  struct piece {
    std::string_view bytes;  ///< valid until the next call
    bool begins = false;     ///< a frame begins with it
  };

  /// Takes the next piece from the front of `bytes`. No bytes: the rest is a part of a head, and is kept.
  piece take(std::string_view& bytes) noexcept {
    if (rest_ != 0) return {cut(bytes, rest_), false};
    if (kept_ == 0 && bytes.size() >= head_size) {
      rest_ = head_size + length(bytes.data());
      return {cut(bytes, rest_), true};
    }
    const std::size_t more = std::min(head_size - kept_, bytes.size());
    std::copy_n(bytes.begin(), more, head_.begin() + kept_);
    bytes.remove_prefix(more);
    kept_ += more;
    if (kept_ < head_size) return {};
    kept_ = 0;
    rest_ = length(head_.data());
    return {{head_.data(), head_size}, true};
  }

 private:
  static constexpr std::size_t head_size = 9;  // RFC 9113, 4.1; it begins with the length of what follows

  static std::size_t length(const char* head) noexcept {
    const auto byte = [head](int at) {
      return static_cast<std::size_t>(static_cast<unsigned char>(head[at]));
    };
    return byte(0) << 16 | byte(1) << 8 | byte(2);
  }
  static std::string_view cut(std::string_view& bytes, std::size_t& rest) noexcept {
    const std::string_view taken = bytes.substr(0, rest);
    bytes.remove_prefix(taken.size());
    rest -= taken.size();
    return taken;
  }

  std::array<char, head_size> head_{};
  std::size_t kept_ = 0;  // bytes of a head that is not whole yet
  std::size_t rest_ = 0;  // bytes of the present frame that are still to come
};

}  // namespace ephemint::inline v0::net
