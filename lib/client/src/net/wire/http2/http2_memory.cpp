#include "net/wire/http2/http2_memory.hpp"

#include <ephemint/secret.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

constexpr std::size_t smallest = 64;

}  // namespace

/// The number of the smallest class that holds as much; `classes` if none does.
std::size_t http2_memory::class_of(std::size_t size) noexcept {
  const auto needed = static_cast<std::size_t>(std::bit_width((std::max(size, smallest) - 1) / smallest));
  return std::min(needed, classes);
}

http2_memory::~http2_memory() {
  for (head* kept : free_)
    while (kept != nullptr) ::operator delete(std::exchange(kept, kept->next));
}

void* http2_memory::allocate(std::size_t size) noexcept {
  const std::size_t which = class_of(size);
  if (which != classes) {
    size = smallest << which;
    if (head* const kept = free_[which]) {
      free_[which] = kept->next;
      kept_ -= size;
      return kept + 1;
    }
  }
  if (size > SIZE_MAX - sizeof(head)) return nullptr;
  void* const memory = ::operator new(sizeof(head) + size, std::nothrow);
  if (memory == nullptr) return nullptr;
  return new (memory) head{size, nullptr} + 1;
}

void http2_memory::release(void* memory) noexcept {
  if (memory == nullptr) return;
  head* const block = static_cast<head*>(memory) - 1;
  const std::size_t which = class_of(block->size);
  if (which == classes || kept_ + block->size > most_kept) return discard(memory);
  wipe(memory, block->size);
  kept_ += block->size;
  block->next = std::exchange(free_[which], block);
}

void http2_memory::discard(void* memory) noexcept {
  if (memory == nullptr) return;
  wipe(memory, (static_cast<head*>(memory) - 1)->size);
  ::operator delete(static_cast<head*>(memory) - 1);
}

void* http2_memory::allocate_zeroed(std::size_t count, std::size_t size) noexcept {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* const memory = allocate(count * size);
  if (memory != nullptr) std::memset(memory, 0, count * size);
  return memory;
}

void* http2_memory::reallocate(void* memory, std::size_t size) noexcept {
  if (memory == nullptr) return allocate(size);
  const std::size_t had = (static_cast<head*>(memory) - 1)->size;
  if (size <= had) return memory;
  void* const larger = allocate(size);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, memory, had);
  release(memory);
  return larger;
}

}  // namespace ephemint::inline v0::net
