#include "net/wire/wiped_buffer.hpp"

#include <ephemint/secret.hpp>

#include <cassert>
#include <cstring>
#include <new>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

/// Null: there is no memory.
std::unique_ptr<char[]> try_allocate(std::size_t capacity) noexcept {
  std::unique_ptr<char[]> bytes{new (std::nothrow) char[capacity + wiped_buffer::slack]};
  if (bytes) std::memset(bytes.get() + capacity, 0, wiped_buffer::slack);
  return bytes;
}

std::unique_ptr<char[]> allocate(std::size_t capacity) {
  auto bytes = try_allocate(capacity);
  if (!bytes) throw std::bad_alloc{};
  return bytes;
}

}  // namespace

wiped_buffer::wiped_buffer() : bytes_{allocate(first_capacity)}, capacity_{first_capacity} {}

wiped_buffer::~wiped_buffer() { wipe(bytes_.get(), size_); }

void wiped_buffer::grow(std::size_t capacity) {
  auto larger = allocate(capacity);
  std::memcpy(larger.get(), bytes_.get(), size_);
  wipe(bytes_.get(), size_);
  bytes_ = std::move(larger);
  capacity_ = capacity;
}

std::span<char> wiped_buffer::room() {
  if (size_ == capacity_) grow(capacity_ * 2);
  return {bytes_.get() + size_, capacity_ - size_};
}

void wiped_buffer::commit(std::size_t size) noexcept {
  assert(size <= capacity_ - size_);
  size_ += size;
}

void wiped_buffer::append(std::string_view bytes) {
  std::size_t capacity = capacity_;
  while (bytes.size() > capacity - size_) capacity *= 2;
  if (capacity != capacity_) grow(capacity);
  std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void wiped_buffer::clear() noexcept {
  wipe(bytes_.get(), size_);
  size_ = 0;
  if (capacity_ == first_capacity) return;
  auto usual = try_allocate(first_capacity);
  if (!usual) return;
  bytes_ = std::move(usual);
  capacity_ = first_capacity;
}

}  // namespace ephemint::inline v0::net
