#include "net/process_mark.hpp"

#include <cstddef>
#include <new>

#include <pthread.h>
#include <sys/mman.h>

namespace ephemint::inline v0::net {

namespace {

constexpr std::size_t page = 4096;

/// Memory that the kernel zeroes in the child, however the child is made (Linux 4.14). Null: not available.
void* emptied_by_fork() noexcept {
#ifdef MADV_WIPEONFORK
  void* const memory = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  if (::madvise(memory, page, MADV_WIPEONFORK) == 0) return memory;
  ::munmap(memory, page);
#endif
  return nullptr;
}

constinit std::atomic<std::uint64_t> emptied_by_handler{0};
/// The highest number that was given. A child inherits it from its parent and goes on from there, so no
/// process has the number of an ancestor.
constinit std::atomic<std::uint64_t> last_number{0};

}  // namespace

/// Never freed, as the last marked object may be destroyed after the program's statics.
process_mark::number& process_mark::find_here() {
  if (void* const memory = emptied_by_fork()) return *::new (memory) number{0};
  if (::pthread_atfork(nullptr, nullptr, [] { emptied_by_handler = 0; }) != 0) throw std::bad_alloc{};
  return emptied_by_handler;
}

process_mark::process_mark() {
  static number& here = *(here_ = &find_here());
  number_ = here.load(std::memory_order_relaxed);
  if (number_ != 0) return;
  const std::uint64_t next = last_number.fetch_add(1) + 1;
  if (here.compare_exchange_strong(number_, next)) number_ = next;
}

}  // namespace ephemint::inline v0::net
