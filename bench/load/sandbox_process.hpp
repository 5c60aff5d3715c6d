#pragma once

#include "common/child_process.hpp"
#include "harness/minter.hpp"

#include <ephemint/quota.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace ephemint::bench {

/// What the sandbox has counted since it was last reset.
struct sandbox_view {
  std::uint64_t requests = 0;
  std::uint64_t minted = 0;
  std::uint64_t rate_limited = 0;  ///< 429s of its limiter and of faults
  std::uint64_t most_in_a_minute = 0;
  std::uint64_t connections = 0;
  std::uint64_t full_handshakes = 0;
  std::uint64_t resumed_handshakes = 0;
};

/// The argument that makes one of these programs a sandbox: its `main` must then call `serve_sandbox`.
inline constexpr std::string_view serve_sandbox_argument = "--serve-sandbox";

/// The sandbox, served by this program run again as a process of its own on the last core, so that its CPU
/// time and its delays aren't the client's.
class sandbox_process {
 public:
  sandbox_process();

  const server_address& address() const noexcept { return address_; }

  void add_fault(std::string_view spec);
  void clear_faults();
  /// As a sliding log; none if unlimited.
  void set_limit(const quota& limit);
  void forget();
  sandbox_view view();

  /// The same without waiting until it is done, for times when nothing may be delayed.
  void add_fault_soon(std::string_view spec) { send("fault", spec); }
  void clear_faults_soon() { send("clear", {}); }

 private:
  void send(std::string_view command, std::string_view argument);
  std::string ask(std::string_view command, std::string_view argument = {});
  std::string read_line();

  child_process process_;
  server_address address_;
  std::size_t unread_ = 0;  // answers to what was sent
};

/// The other side: serves a sandbox and obeys the lines on stdin until it ends. Returns the exit status.
int serve_sandbox();

}  // namespace ephemint::bench
