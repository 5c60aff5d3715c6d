#pragma once

#include <chrono>
#include <cstdint>

namespace ephemint::bench {

/// What this process has used so far; the difference of two is what a run has used.
struct process_figures {
  std::chrono::microseconds cpu{};  ///< user and system
  std::uint64_t allocations = 0;    ///< calls of `operator new`
  std::uint64_t preempted = 0;      ///< how often something else took its core away: noise

  static process_figures now();
  friend process_figures operator-(const process_figures& a, const process_figures& b) {
    return {a.cpu - b.cpu, a.allocations - b.allocations, a.preempted - b.preempted};
  }
};

/// Its greatest size since `forget_peak_memory`, in KiB; 0 where the kernel doesn't say.
std::uint64_t peak_memory_kib();
void forget_peak_memory();

}  // namespace ephemint::bench
