#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace ephemint::inline v0::net {

/// Reusable memory for one pending Asio operation at a time: a connection always has a read pending. Asio's
/// own cache holds only two blocks per thread, for which all kinds of operations compete.
///
/// Must outlive the operation, whose handler therefore keeps the owner alive.
class handler_memory {
 public:
  handler_memory() = default;
  handler_memory(const handler_memory&) = delete;
  handler_memory& operator=(const handler_memory&) = delete;

  void* allocate(std::size_t size) {
    if (taken_ || size > bytes_.size()) return ::operator new(size);
    taken_ = true;
    return bytes_.data();
  }
  void deallocate(void* memory) noexcept {
    if (memory == bytes_.data())
      taken_ = false;
    else
      ::operator delete(memory);
  }

 private:
  alignas(std::max_align_t) std::array<std::byte, 256> bytes_;  // a read needs 240 with Boost 1.81
  bool taken_ = false;
};

/// The allocator that gives this memory to an operation:
/// `asio::bind_allocator(handler_allocator<char>{memory}, …)`.
template <class T>
class handler_allocator {
 public:
  using value_type = T;

  explicit handler_allocator(handler_memory& memory) noexcept : memory_{&memory} {}
  template <class U>
  handler_allocator(const handler_allocator<U>& other) noexcept : memory_{other.memory_} {}

  T* allocate(std::size_t count) { return static_cast<T*>(memory_->allocate(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t) noexcept { memory_->deallocate(memory); }

  friend bool operator==(const handler_allocator& a, const handler_allocator& b) noexcept {
    return a.memory_ == b.memory_;
  }

 private:
  template <class>
  friend class handler_allocator;
  handler_memory* memory_;
};

}  // namespace ephemint::inline v0::net
