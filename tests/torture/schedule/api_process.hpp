#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace ephemint::torture {

/// A sandbox in processes of its own, which can be stopped, killed and made anew: its port, certificate and
/// keys stay as they are, what it has counted doesn't. A parent of theirs holds the port, so that what
/// connects while none of them lives waits in the backlog, and hears nothing.
class api_process {
 public:
  /// What one of them has seen, or had up to some 20 ms before it was killed.
  struct life {
    std::uint64_t requests, minted, rate_limited, peak_per_window;
  };

  /// Forks: to be made before anything else. `limit` is the quota, as `sandbox::parse_rate_limit` takes it.
  explicit api_process(std::string_view limit);
  api_process(const api_process&) = delete;
  api_process& operator=(const api_process&) = delete;
  ~api_process();

  std::string base_url, ca_pem;
  std::string keys[2];  ///< it takes both

  void stop();
  void go_on();
  /// None lives until `revive`.
  void kill();
  void revive();
  /// A line for the one that lives: `fault SPEC`, `clear`, `reset`, `forget`, or `drop N`: of what comes to
  /// it, N packets in a hundred are lost.
  void tell(const std::string& line);

  int lives() const noexcept;
  life seen(int number) const noexcept;

 private:
  static constexpr int most_lives = 128;
  struct page {
    std::atomic<pid_t> worker;
    std::atomic<bool> serves;
    std::atomic<int> lives;
    std::atomic<std::uint64_t> counts[most_lives][4];
  };

  [[noreturn]] void hold(std::string_view limit, int told_to, int heard_from);

  page* page_ = nullptr;
  pid_t holder_ = -1;
  int commands_ = -1;
};

}  // namespace ephemint::torture
