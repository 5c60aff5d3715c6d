#include "sleeping_clock.hpp"

#include <atomic>
#include <ctime>

#include <dlfcn.h>

namespace ephemint::test {
namespace {

std::atomic<long> slept{0};  // nanoseconds

}  // namespace

void sleep_machine(std::chrono::nanoseconds time) { slept += time.count(); }
void forget_sleep() { slept = 0; }

}  // namespace ephemint::test

extern "C" int clock_gettime(clockid_t which, timespec* now) noexcept {
  static auto* const real =
      reinterpret_cast<int (*)(clockid_t, timespec*)>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(which, now);
  if (result != 0 || which != CLOCK_BOOTTIME) return result;
  constexpr long second = 1'000'000'000;
  const long later = now->tv_nsec + ephemint::test::slept.load();
  now->tv_sec += later / second;
  now->tv_nsec = later % second;
  return 0;
}
