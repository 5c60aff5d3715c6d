#include "failing_malloc.hpp"

#include <openssl/crypto.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

extern "C" {
// glibc's own, by their other names.
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace ephemint::torture {
namespace {

std::atomic<bool> counting = false, for_good = false;
std::atomic<long> seen = 0, failing = 0, failed = 0, live = 0;

bool fails() noexcept {
  if (!counting) return false;
  const long n = ++seen;
  if (failing == 0 || (for_good ? n < failing : n != failing)) return false;
  ++failed;
  errno = ENOMEM;
  return true;
}

void* taken(void* block) noexcept {
  if (block != nullptr) ++live;
  return block;
}

// Memory that OpenSSL itself leaks when memory runs out isn't our fault.
std::atomic<long> of_openssl = 0;

void* openssl_malloc(std::size_t size, const char*, int) {
  void* const block = ::malloc(size);
  of_openssl += block != nullptr;
  return block;
}
void* openssl_realloc(void* block, std::size_t size, const char* file, int line) {
  return block == nullptr ? openssl_malloc(size, file, line) : ::realloc(block, size);
}
void openssl_free(void* block, const char*, int) {
  of_openssl -= block != nullptr;
  ::free(block);
}

// OpenSSL accepts this only before it allocates anything.
const int counted = CRYPTO_set_mem_functions(&openssl_malloc, &openssl_realloc, &openssl_free);

}  // namespace

void fail_allocation(long n, shortage how) noexcept {
  seen = failed = 0;
  failing = n;
  for_good = how == shortage::for_good;
  counting = true;
}
void stop_failing() noexcept { counting = false; }
long allocations() noexcept { return seen; }
long failures() noexcept { return failed; }
long live_blocks() noexcept { return counted == 1 ? live - of_openssl : live.load(); }

}  // namespace ephemint::torture

using ephemint::torture::fails;
using ephemint::torture::taken;

extern "C" {

void* malloc(std::size_t size) { return fails() ? nullptr : taken(__libc_malloc(size)); }

void* calloc(std::size_t count, std::size_t size) {
  return fails() ? nullptr : taken(__libc_calloc(count, size));
}

void* realloc(void* block, std::size_t size) {
  if (fails()) return nullptr;
  if (block == nullptr) return taken(__libc_malloc(size));
  if (size == 0) --ephemint::torture::live;  // it is given back
  return __libc_realloc(block, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
  return fails() ? nullptr : taken(__libc_memalign(alignment, size));
}

void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  void* const made = memalign(alignment, size);
  if (made == nullptr) return ENOMEM;
  *block = made;
  return 0;
}

void free(void* block) {
  if (block == nullptr) return;
  --ephemint::torture::live;
  __libc_free(block);
}

}  // extern "C"
