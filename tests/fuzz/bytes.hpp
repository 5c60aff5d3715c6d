#pragma once

#include "core/random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string_view>

// Functions that fuzz targets share.

namespace ephemint::fuzz {

/// What must hold whatever the input is.
inline void require(bool holds, std::source_location at = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: this must hold\n", at.file_name(), static_cast<unsigned>(at.line()));
  std::abort();
}

inline bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

/// Decisions, one after the other, from an input's bytes. After the last byte they are random, but the same
/// in each run.
class decisions {
 public:
  decisions(const std::uint8_t* data, std::size_t size)
      : rest_{reinterpret_cast<const char*>(data), size}, further_{size} {}

  bool left() const noexcept { return !rest_.empty(); }

  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  /// Two bytes, and what makes them a large number.
  std::uint64_t next() {
    if (!left()) return further_.next();
    const std::uint64_t value = byte() + 256 * byte();
    return value ^ core::splitmix{value}.next() << 16;
  }
  std::uint64_t byte() {
    if (!left()) return 0;
    const auto value = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }

 private:
  std::string_view rest_;
  core::splitmix further_;
};

}  // namespace ephemint::fuzz
