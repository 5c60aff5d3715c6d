#include "net/wire/http1/reply_buffer.hpp"

#include <ephemint/secret.hpp>

#include <cassert>
#include <cstring>
#include <new>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

/// Null: there is no memory.
std::unique_ptr<char[]> try_allocate(std::size_t capacity) noexcept {
  std::unique_ptr<char[]> bytes{new (std::nothrow) char[capacity + reply_buffer::slack]};
  if (bytes) std::memset(bytes.get() + capacity, 0, reply_buffer::slack);
  return bytes;
}

std::unique_ptr<char[]> allocate(std::size_t capacity) {
  auto bytes = try_allocate(capacity);
  if (!bytes) throw std::bad_alloc{};
  return bytes;
}

}  // namespace

reply_buffer::reply_buffer() : bytes_{allocate(first_capacity)}, capacity_{first_capacity} {}

reply_buffer::~reply_buffer() { wipe(bytes_.get(), size_); }

std::span<char> reply_buffer::room() {
  if (size_ == capacity_) {
    auto larger = allocate(capacity_ * 2);
    std::memcpy(larger.get(), bytes_.get(), size_);
    wipe(bytes_.get(), size_);
    bytes_ = std::move(larger);
    capacity_ *= 2;
  }
  return {bytes_.get() + size_, capacity_ - size_};
}

void reply_buffer::commit(std::size_t size) noexcept {
  assert(size <= capacity_ - size_);
  size_ += size;
}

void reply_buffer::clear() noexcept {
  wipe(bytes_.get(), size_);
  size_ = 0;
  if (capacity_ == first_capacity) return;
  auto usual = try_allocate(first_capacity);
  if (!usual) return;
  bytes_ = std::move(usual);
  capacity_ = first_capacity;
}

}  // namespace ephemint::inline v0::net
