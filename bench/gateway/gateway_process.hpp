#pragma once

#include "common/child_process.hpp"
#include "common/temporary_directory.hpp"
#include "harness/minter.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace ephemint::bench {

/// `ephemint gateway`, the command, with its sidecar on a Unix socket: a process of its own on the client's
/// core, where its callers are too. Its log goes to /dev/null.
class gateway_process {
 public:
  /// Returns when it is ready. `http` is the HTTP version to the API: 1.1 or 2.
  gateway_process(const server_address& api, std::string_view http);

  std::string socket() const { return directory_.path() / "ephemint.sock"; }
  /// The time from its start to its ready line.
  std::chrono::nanoseconds start_time() const noexcept { return start_time_; }
  /// What it has used so far, user and system.
  std::chrono::nanoseconds cpu() const;

 private:
  command command_before(const server_address& api, std::string_view http) const;

  const temporary_directory directory_;
  const clock::time_point started_ = clock::now();
  child_process process_;
  std::chrono::nanoseconds start_time_;
};

}  // namespace ephemint::bench
