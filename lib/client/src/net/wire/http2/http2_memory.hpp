#pragma once

#include <array>
#include <cstddef>

namespace ephemint::inline v0::net {

/// What nghttp2 takes its memory from. Whatever is given back is wiped, for it held parts of requests and
/// replies. Small blocks, of which each request takes a few, are kept for the next one.
class http2_memory {
 public:
  /// At most so much is kept.
  static constexpr std::size_t most_kept = 64 * 1024;

  http2_memory() = default;
  ~http2_memory();
  http2_memory(const http2_memory&) = delete;
  http2_memory& operator=(const http2_memory&) = delete;

  // As malloc, free, calloc and realloc are: null, if there is no memory.
  void* allocate(std::size_t size) noexcept;
  void release(void* memory) noexcept;
  /// Releases a block without keeping it, from any thread: a connection that has ended goes with whatever
  /// held it last, and so outside the gate.
  static void discard(void* memory) noexcept;
  void* allocate_zeroed(std::size_t count, std::size_t size) noexcept;
  void* reallocate(void* memory, std::size_t size) noexcept;

  /// Bytes that are kept and not in use.
  std::size_t kept() const noexcept { return kept_; }

 private:
  /// Stands before each block.
  struct alignas(std::max_align_t) head {
    std::size_t size;  ///< of the block, without the head
    head* next;        ///< while it is kept
  };
  static constexpr std::size_t classes = 5;  // 64, 128 … 1024 bytes

  static std::size_t class_of(std::size_t size) noexcept;

  std::array<head*, classes> free_{};
  std::size_t kept_ = 0;
};

}  // namespace ephemint::inline v0::net
