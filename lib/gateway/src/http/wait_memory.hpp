#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace ephemint::inline v0::gateway {

/// Memory for one pending Asio wait at a time, so that waiting again can't fail. It must outlive the wait,
/// whose handler therefore keeps the owner alive.
class wait_memory {
 public:
  wait_memory() = default;
  wait_memory(const wait_memory&) = delete;
  wait_memory& operator=(const wait_memory&) = delete;

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
  alignas(std::max_align_t) std::array<std::byte, 256> bytes_;
  bool taken_ = false;
};

/// The allocator that gives this memory to Asio.
template <class T>
struct wait_allocator {
  using value_type = T;

  explicit wait_allocator(wait_memory& of) noexcept : memory{&of} {}
  template <class U>
  wait_allocator(const wait_allocator<U>& other) noexcept : memory{other.memory} {}

  T* allocate(std::size_t count) { return static_cast<T*>(memory->allocate(count * sizeof(T))); }
  void deallocate(T* given, std::size_t) noexcept { memory->deallocate(given); }
  friend bool operator==(const wait_allocator&, const wait_allocator&) = default;

  wait_memory* memory;
};

}  // namespace ephemint::inline v0::gateway
