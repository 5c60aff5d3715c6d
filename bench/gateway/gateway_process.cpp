#include "gateway_process.hpp"

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include <time.h>

namespace ephemint::bench {

gateway_process::gateway_process(const server_address& api, std::string_view http)
    : process_{command_before(api, http)} {
  if (!process_.read_line()) throw std::runtime_error{"the gateway doesn't start"};
  start_time_ = clock::now() - started_;
}

command gateway_process::command_before(const server_address& api, std::string_view http) const {
  const std::string authority = directory_.path() / "ca.pem";
  const std::string key = directory_.write_private("api-key", api.api_key + '\n');
  std::ofstream{authority} << api.authority_pem;
  // Accounts log in more often than people do, and the quota is as large as the direct caller's.
  return {
      .arguments = {EPHEMINT_COMMAND, "gateway", "--listen", "unix:" + socket(), "--base-url", api.base_url,
                    "--ca-file", authority, "--api-key-file", key, "--http", std::string{http}, "--rate",
                    "12000/60s", "--connections", "32", "--per-account", "off"},
      .core = client_core(),
      .out = command::output::piped,
      .err = command::error_output::discarded};
}

std::chrono::nanoseconds gateway_process::cpu() const {
  clockid_t its_clock;
  timespec used;
  if (const int error = ::clock_getcpuclockid(process_.id(), &its_clock))
    throw std::system_error{error, std::generic_category(), "the gateway's CPU time"};
  if (::clock_gettime(its_clock, &used) != 0)
    throw std::system_error{errno, std::generic_category(), "the gateway's CPU time"};
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

}  // namespace ephemint::bench
