#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ephemint::inline v0::detail {

/// A value that one thread at a time writes and any thread reads, without a lock. Each single number is read
/// whole; during a write a reader may see some numbers of the old value and some of the new one. A write
/// costs plain stores.
template <class Value>
class published {
  static_assert(std::has_unique_object_representations_v<Value>, "numbers of 64 bits alone");

 public:
  void store(const Value& value) noexcept {
    const words now = std::bit_cast<words>(value);
    for (std::size_t i = 0; i < now.size(); ++i) words_[i].store(now[i], std::memory_order_relaxed);
  }
  Value load() const noexcept {
    words now;
    for (std::size_t i = 0; i < now.size(); ++i) now[i] = words_[i].load(std::memory_order_relaxed);
    return std::bit_cast<Value>(now);
  }

 private:
  using words = std::array<std::uint64_t, sizeof(Value) / sizeof(std::uint64_t)>;

  std::array<std::atomic<std::uint64_t>, std::tuple_size_v<words>> words_{};
};

}  // namespace ephemint::inline v0::detail
