#include <ephemint/clock.hpp>

#if defined(__APPLE__)
#include <mach/mach_time.h>
#elif defined(__linux__)
#include <ctime>
#endif

namespace ephemint::inline v0 {

#if defined(__APPLE__)

clock::time_point clock::now() noexcept {
  static const auto tick = [] {
    mach_timebase_info_data_t ratio{};
    mach_timebase_info(&ratio);
    return static_cast<double>(ratio.numer) / ratio.denom;
  }();
  return time_point{duration{static_cast<rep>(static_cast<double>(mach_continuous_time()) * tick)}};
}

#elif defined(__linux__)

// No system call if the kernel's vDSO knows the clock, as on common machines since Linux 5.3.
clock::time_point clock::now() noexcept {
  timespec now{};
  // A system call filter may allow only the usual clocks.
  if (::clock_gettime(CLOCK_BOOTTIME, &now) != 0) ::clock_gettime(CLOCK_MONOTONIC, &now);
  return time_point{std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
}

#else

clock::time_point clock::now() noexcept {
  return time_point{
      std::chrono::duration_cast<duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

#endif

}  // namespace ephemint::inline v0
