#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace ephemint::torture {

/// A sandbox in processes of its own, which can be stopped, killed and started again: its port, certificate
/// and keys stay the same, its counts don't. Their parent holds the port, so connections made while none of
/// them runs wait in the backlog without an answer.
class api_process {
 public:
  /// What one of them has counted, until some 20 ms before it was killed.
  struct life {
    std::uint64_t requests, minted, rate_limited, peak_per_window;
  };

  /// Returns when it serves. Make it before anything else, as it forks. `limit` is the quota, in the form of
  /// `sandbox::parse_rate_limit`.
  explicit api_process(std::string_view limit);
  api_process(const api_process&) = delete;
  api_process& operator=(const api_process&) = delete;
  ~api_process();

  std::string base_url, ca_pem;
  std::string keys[2];  ///< it accepts both keys

  void stop();
  void go_on();
  /// Kills it; none runs until `revive`.
  void kill();
  void revive();
  /// Sends a line to the running process: `fault SPEC`, `clear`, `reset`, `vanish` (a `reset` of which
  /// clients don't hear), `forget`, or `drop N`, which loses N in a hundred of the packets to it.
  void tell(const std::string& line);

  int lives() const noexcept;
  life seen(int number) const noexcept;

 private:
  static constexpr int most_lives = 128;
  struct page {
    std::atomic<pid_t> worker;  ///< 0 while none runs
    std::atomic<bool> serves;
    std::atomic<int> lives;
    std::atomic<std::uint64_t> counts[most_lives][4];
  };

  /// The process that serves; waits for it while one is being made.
  pid_t worker() const;
  [[noreturn]] void hold(std::string_view limit, int told_to, int heard_from);

  page* page_ = nullptr;
  pid_t holder_ = -1;
  int commands_ = -1;
};

}  // namespace ephemint::torture
