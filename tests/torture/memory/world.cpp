#include "world.hpp"

#include "support/process.hpp"
#include "support/test_proxy.hpp"

#include <ephemint/sandbox/server.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace ephemint::torture {
namespace {

constexpr const char* key_rotated_to = "TEST_the_second_key";

// Faults for a trial, by account. They continue from trial to trial: an account that asks twice meets both.
constexpr std::string_view faults[] = {
    "account=se-503,status=503,every=2", "account=se-429,status=429,every=2,retry_after=0",
    "account=se-401,status=401",         "account=se-cut,cut=before,every=2",
    "account=se-reset,reset=before",     "account=se-close,announce_close",
    "account=se-slow,delay=3s",          "account=se-late,delay=400ms,every=2"};

void write_lines(int to, const std::vector<std::string>& lines) {
  for (const std::string& line : lines)
    for (std::string_view rest{line.c_str(), line.size() + 1}; !rest.empty();) {
      const ssize_t size = ::write(to, rest.data(), rest.size());
      if (size <= 0) ::_exit(1);
      rest.remove_prefix(static_cast<std::size_t>(size));
    }
}

[[noreturn]] void serve(int to) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sandbox::server_options options;
  options.tracked_accounts = 0;
  for (const std::string_view spec : faults) options.faults.push_back(sandbox::parse_fault(spec));
  sandbox::server api{std::move(options)};
  api.add_api_key(key_rotated_to);
  const test::test_proxy proxy{{test::relay_gladly}};
  write_lines(
      to, {api.base_url(), api.api_key(), "http://127.0.0.1:" + std::to_string(proxy.port()), api.ca_pem()});
  ::close(to);
  while (true) ::pause();
}

std::string read_all(int from) {
  std::string all;
  char bytes[4096];
  for (ssize_t size = 1; size > 0;) {
    size = ::read(from, bytes, sizeof bytes);
    if (size > 0) all.append(bytes, static_cast<std::size_t>(size));
  }
  return all;
}

}  // namespace

world start_world() {
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) throw std::runtime_error{"no pipe"};
  if (test::fork_process() == 0) {
    ::close(ends[0]);
    try {
      serve(ends[1]);
    } catch (...) {
      ::_exit(1);
    }
  }
  ::close(ends[1]);
  const std::string told = read_all(ends[0]);
  ::close(ends[0]);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < told.size();) {
    lines.emplace_back(told.c_str() + at);
    at += lines.back().size() + 1;
  }
  if (lines.size() != 4) throw std::runtime_error{"the servers didn't start"};
  const char* const directory = std::getenv("TMPDIR");
  return {.base_url = lines[0],
          .api_key = lines[1],
          .second_key = key_rotated_to,
          .ca_pem = lines[3],
          .proxy = lines[2],
          .store = {},
          .directory = directory != nullptr ? directory : "/tmp"};
}

}  // namespace ephemint::torture
