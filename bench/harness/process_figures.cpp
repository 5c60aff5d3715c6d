#include "process_figures.hpp"

#include "common/allocations.hpp"

#include <fstream>
#include <sstream>
#include <string>

#include <sys/resource.h>

namespace ephemint::bench {
namespace {

std::chrono::microseconds to_duration(const timeval& t) {
  return std::chrono::seconds{t.tv_sec} + std::chrono::microseconds{t.tv_usec};
}

}  // namespace

process_figures process_figures::now() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return {to_duration(used.ru_utime), to_duration(used.ru_stime), bench::allocations(),
          static_cast<std::uint64_t>(used.ru_nivcsw)};
}

std::uint64_t peak_memory_kib() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);) {
    std::uint64_t size = 0;
    if (line.starts_with("VmHWM:") && std::istringstream{line.substr(6)} >> size) return size;
  }
  return 0;
}

void forget_peak_memory() { std::ofstream{"/proc/self/clear_refs"} << 5; }

}  // namespace ephemint::bench
