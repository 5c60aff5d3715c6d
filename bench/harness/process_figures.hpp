#pragma once

#include <chrono>
#include <cstdint>

namespace ephemint::bench {

/// What this process has used so far; the difference of two is what a run has used.
struct process_figures {
  std::chrono::microseconds user{};
  std::chrono::microseconds system{};
  std::uint64_t allocations = 0;  ///< calls of `operator new`
  std::uint64_t preempted = 0;    ///< how often something else took its core away: noise

  std::chrono::microseconds cpu() const noexcept { return user + system; }

  static process_figures now();
  friend process_figures operator-(const process_figures& a, const process_figures& b) {
    return {a.user - b.user, a.system - b.system, a.allocations - b.allocations, a.preempted - b.preempted};
  }
};

/// The process' largest size since `forget_peak_memory`, in KiB; 0 if the kernel doesn't report it.
std::uint64_t peak_memory_kib();
void forget_peak_memory();

}  // namespace ephemint::bench
