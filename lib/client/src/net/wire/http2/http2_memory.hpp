#pragma once

#include <array>
#include <cstddef>

namespace ephemint::inline v0::net {

/// The allocator of nghttp2. Memory is wiped when it is released, as it held parts of requests and replies.
/// Small blocks, of which each request needs a few, are kept for the next request.
class http2_memory {
 public:
  /// The most bytes that are kept.
  static constexpr std::size_t most_kept = 64 * 1024;

  http2_memory() = default;
  ~http2_memory();
  http2_memory(const http2_memory&) = delete;
  http2_memory& operator=(const http2_memory&) = delete;

  // These behave as malloc, free, calloc and realloc do: null if there is no memory.
  void* allocate(std::size_t size) noexcept;
  void release(void* memory) noexcept;
  /// Releases a block without keeping it, from any thread: a connection that has ended is destroyed with its
  /// last owner, perhaps outside the gate.
  static void discard(void* memory) noexcept;
  void* allocate_zeroed(std::size_t count, std::size_t size) noexcept;
  void* reallocate(void* memory, std::size_t size) noexcept;

  /// Bytes that are kept and aren't in use.
  std::size_t kept() const noexcept { return kept_; }

 private:
  /// Stands before each block.
  struct alignas(std::max_align_t) head {
    std::size_t size;  ///< of the block without this head
    head* next;        ///< while it is kept
  };
  static constexpr std::size_t classes = 5;  // 64, 128 … 1024 bytes

  static std::size_t class_of(std::size_t size) noexcept;

  std::array<head*, classes> free_{};
  std::size_t kept_ = 0;
};

}  // namespace ephemint::inline v0::net
