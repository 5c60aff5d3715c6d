#include "failing_memory.hpp"

#include <openssl/crypto.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace ephemint::test {

namespace {

thread_local bool takes_part = false;
std::atomic<long> countdown = 0, failures_left = 0, seen = 0;
std::atomic<allocator> failing = allocator::any;
std::atomic<bool> failed = false;
std::atomic<long> live_ours = 0, live_openssl = 0;

bool fails(allocator which) {
  if (!takes_part) return false;
  if (failing != allocator::any && failing != which) return false;
  ++seen;
  if (failures_left <= 0) return false;
  if (--countdown > 0) return false;
  --failures_left;
  failed = true;
  return true;
}

void* taken(void* memory, std::atomic<long>& live) {
  if (takes_part && memory != nullptr) ++live;
  return memory;
}

void give_back(void* memory, std::atomic<long>& live) {
  if (takes_part && memory != nullptr) --live;
  std::free(memory);
}

void* openssl_malloc(std::size_t size, const char*, int) {
  return fails(allocator::openssl) ? nullptr : taken(std::malloc(size), live_openssl);
}
void* openssl_realloc(void* memory, std::size_t size, const char*, int) {
  if (fails(allocator::openssl)) return nullptr;
  if (memory == nullptr) return taken(std::malloc(size), live_openssl);
  return std::realloc(memory, size);
}
void openssl_free(void* memory, const char*, int) { give_back(memory, live_openssl); }

// OpenSSL accepts this only before it allocates anything.
const int replaced = CRYPTO_set_mem_functions(&openssl_malloc, &openssl_realloc, &openssl_free);

}  // namespace

void take_part(bool does) { takes_part = does; }

void fail_allocation(long n, allocator which, long in_a_row) {
  if (replaced != 1) std::abort();
  failed = false;
  seen = 0;
  failing = which;
  countdown = n;
  failures_left = n > 0 ? in_a_row : 0;
}

bool stop_failing() {
  failures_left = 0;
  return failed;
}

long allocations() { return seen; }

long live_blocks(allocator which) {
  const long ours = which == allocator::openssl ? 0 : live_ours.load();
  return which == allocator::ours ? ours : ours + live_openssl.load();
}

}  // namespace ephemint::test

// Asio frees it with `free`.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  if (ephemint::test::fails(ephemint::test::allocator::ours)) return nullptr;
  void* memory = nullptr;
  return ::posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}

void* operator new(std::size_t size) {
  if (ephemint::test::fails(ephemint::test::allocator::ours)) throw std::bad_alloc{};
  if (void* memory = ephemint::test::taken(std::malloc(size), ephemint::test::live_ours)) return memory;
  throw std::bad_alloc{};
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (ephemint::test::fails(ephemint::test::allocator::ours)) return nullptr;
  return ephemint::test::taken(std::malloc(size), ephemint::test::live_ours);
}
// All forms are replaced: the standard library's other forms call these, but not under AddressSanitizer.
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::nothrow);
}
void operator delete(void* memory) noexcept { ephemint::test::give_back(memory, ephemint::test::live_ours); }
void operator delete(void* memory, std::size_t) noexcept {
  ephemint::test::give_back(memory, ephemint::test::live_ours);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  ephemint::test::give_back(memory, ephemint::test::live_ours);
}
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  ephemint::test::give_back(memory, ephemint::test::live_ours);
}
