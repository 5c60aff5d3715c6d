// soak_torture: checks that very many mints, accounts, clients and logins leave no memory behind. The servers
// are in another process, so that the memory is ours alone.

#include "memory/world.hpp"

#include <ephemint/client.hpp>
#include <ephemint/gateway/server.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <malloc.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace ephemint::torture {
namespace {

using namespace std::chrono_literals;

struct arguments {
  long mints = 2'500'000, accounts = 1'000'000, clients = 10'000, gateway_seconds = 3'600;
};

/// Memory of this process, in KiB, after unused heap was returned to the system.
long resident() {
  ::malloc_trim(0);
  long pages = 0, ours = 0;
  if (std::FILE* const file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages, &ours) != 2) ours = 0;
    std::fclose(file);
  }
  return ours * ::sysconf(_SC_PAGESIZE) / 1024;
}

/// The size of all allocated blocks, in KiB.
long in_blocks() {
  const struct mallinfo2 all = ::mallinfo2();
  return static_cast<long>((all.uordblks + all.hblkhd) / 1024);
}

/// How much memory use may grow from the first quarter to the last, in KiB. Resident memory also depends on
/// where the blocks lie in the pages.
struct limits {
  long resident, blocks;
};

/// Runs in quarters, and prints how much more memory each has than the first. Returns whether that is little.
bool soaks(const char* name, long all, const std::function<void(long from, long to)>& some, limits most) {
  long pages[4], blocks[4];
  for (int quarter = 0; quarter < 4; ++quarter) {
    some(all * quarter / 4, all * (quarter + 1) / 4);
    pages[quarter] = resident();
    blocks[quarter] = in_blocks();
  }
  std::printf("%-26s %8ld  ", name, all);
  for (const auto& [what, held] : {std::pair{"resident", pages}, std::pair{"in blocks", blocks}})
    std::printf("  %s %ld %ld %ld %ld KiB, drift %+ld;", what, held[0], held[1], held[2], held[3],
                held[3] - held[0]);
  std::puts("");
  std::fflush(stdout);
  return pages[3] - pages[0] <= most.resident && blocks[3] - blocks[0] <= most.blocks;
}

client_options options_for(const world& around, http2_use http2) {
  client_options made;
  made.base_url = around.base_url;
  made.api_key = secret{around.api_key};
  made.system_authorities = false;
  made.authority_pem = around.ca_pem;
  made.rate = quota::unlimited();
  made.http2 = http2;
  return made;
}

/// Mints for the numbers from `from` to `to`, some at a time.
class crowd {
 public:
  crowd(asio::io_context& context, client& minter, bool of_many_accounts)
      : context_{context}, minter_{minter}, of_many_accounts_{of_many_accounts} {}

  void mint(long from, long to) {
    next_ = from;
    end_ = to;
    for (int i = 0; i < 32; ++i) ask();
    context_.restart();
    while (under_way_ > 0) context_.run_one();
  }
  long failed() const noexcept { return failed_; }

 private:
  void ask() {
    if (next_ == end_) return;
    const std::string account = of_many_accounts_ ? "se-of-" + std::to_string(next_) : "se-1";
    ++next_;
    ++under_way_;
    minter_.async_mint({.account = account_id{account}}, [this](const mint_result& result) {
      failed_ += !result;
      --under_way_;
      ask();
    });
  }

  asio::io_context& context_;
  client& minter_;
  const bool of_many_accounts_;
  long next_ = 0, end_ = 0, under_way_ = 0, failed_ = 0;
};

bool many_mints(const world& around, http2_use http2, long all) {
  asio::io_context context{1};
  client minter{context, options_for(around, http2)};
  crowd asking{context, minter, false};
  const bool flat = soaks(http2 == http2_use::only ? "mints over HTTP/2" : "mints over HTTP/1.1", all,
                          [&](long from, long to) { asking.mint(from, to); }, {1'024, 64});
  if (asking.failed() > 0) std::printf("  %ld failed\n", asking.failed());
  return flat && asking.failed() == 0;
}

/// Each account once, each with a quota of its own: what is kept for an account is freed after its window.
/// The pace is fixed, as the memory depends on it.
bool many_accounts(const world& around, long all) {
  constexpr long slice = 250;
  constexpr auto pace = 100ms;
  asio::io_context context{1};
  client_options options = options_for(around, http2_use::automatic);
  options.rate = quota::declared(200, 500ms);
  options.scope = quota_scope::per_account;
  client minter{context, std::move(options)};
  crowd asking{context, minter, true};
  const auto mint = [&](long from, long to) {
    for (; from < to; from += slice) {
      const auto next = clock::now() + pace;
      asking.mint(from, std::min(to, from + slice));
      std::this_thread::sleep_until(next);
    }
  };
  const long before = resident();
  const auto began = clock::now();
  const bool flat = soaks("accounts", all, mint, {1'024, 128});
  const std::chrono::duration<double> took = clock::now() - began;
  std::printf("  %ld KiB more than before the first; %.0f accounts in a window\n", resident() - before,
              static_cast<double>(all) / took.count() * 0.5);
  return flat && asking.failed() == 0;
}

/// All accounts mint within one window, so all must be kept until the end. Returns whether they take no more
/// memory than allowed.
bool weigh_accounts(const world& around, long all) {
  asio::io_context context{1};
  client_options options = options_for(around, http2_use::automatic);
  options.rate = quota::declared(200, 1h);
  options.scope = quota_scope::per_account;
  client minter{context, std::move(options)};
  crowd asking{context, minter, true};
  asking.mint(0, 100);
  const long before = resident();
  asking.mint(100, 100 + all);
  const long more = resident() - before;
  const double bytes = static_cast<double>(more) * 1024 / static_cast<double>(std::max(all, 1L));
  std::printf("%-26s %8ld    %ld KiB more, %.0f B an account\n", "accounts in one window", all, more, bytes);
  std::fflush(stdout);
  return more < 2'048 || bytes <= 200;
}

bool many_clients(const world& around, long all) {
  long failed = 0;
  const bool flat = soaks("clients", all,
                          [&](long from, long to) {
                            for (; from < to; ++from) {
                              asio::io_context context{1};
                              client minter{context, options_for(around, http2_use::automatic)};
                              crowd asking{context, minter, false};
                              asking.mint(0, 1);
                              failed += asking.failed();
                            }
                          },
                          {1'024, 64});
  if (failed > 0) std::printf("  %ld failed\n", failed);
  return flat && failed == 0;
}

/// A login over the sidecar, on a connection of its own.
bool log_in(const std::string& path) {
  constexpr std::string_view request =
      "POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
      "Content-Length: 18\r\n\r\n{\"account\":\"se-1\"}";
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, path.c_str(), sizeof to.sun_path - 1);
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char answer[4096] = {};
  bool well = ::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
              ::send(descriptor, request.data(), request.size(), MSG_NOSIGNAL) > 0 &&
              ::recv(descriptor, answer, sizeof answer - 1, 0) > 12 && std::atoi(answer + 9) == 200;
  ::close(descriptor);
  return well;
}

bool long_gateway(const world& around, long seconds) {
  gateway::server_options options;
  options.client = options_for(around, http2_use::automatic);
  options.per_account.requests = 0;
  const std::string path = around.directory + "/soak." + std::to_string(::getpid());
  options.backend.at = "unix:" + path;
  options.log = [](std::string_view) {};
  const gateway::server logins{std::move(options)};
  long failed = 0, made = 0;
  const bool flat = soaks("seconds of the gateway", seconds,
                          [&](long from, long to) {
                            for (const auto until = clock::now() + std::chrono::seconds{to - from};
                                 clock::now() < until; ++made)
                              failed += !log_in(path);
                          },
                          {1'024, 64});
  std::printf("  %ld logins, %ld failed\n", made, failed);
  return flat && failed == 0;
}

arguments read(int count, char** words) {
  arguments a;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = words[i];
    const long value = std::strtol(words[i + 1], nullptr, 10);
    if (name == "--mints") a.mints = value;
    if (name == "--accounts") a.accounts = value;
    if (name == "--clients") a.clients = value;
    if (name == "--gateway-seconds") a.gateway_seconds = value;
  }
  return a;
}

int soak(const arguments& a) {
  const world around = start_world();
  bool flat = true;
  flat = many_clients(around, a.clients) && flat;
  flat = long_gateway(around, a.gateway_seconds) && flat;
  flat = many_mints(around, http2_use::never, a.mints / 2) && flat;
#ifdef EPHEMINT_HTTP2
  flat = many_mints(around, http2_use::only, a.mints / 2) && flat;
#endif
  flat = weigh_accounts(around, a.accounts) && flat;
  flat = many_accounts(around, a.accounts) && flat;
  std::puts(flat ? "nothing stays behind" : "something stays behind");
  return !flat;
}

}  // namespace
}  // namespace ephemint::torture

int main(int count, char** words) try {
  return ephemint::torture::soak(ephemint::torture::read(count, words));
} catch (const std::exception& e) {
  std::fprintf(stderr, "soak_torture: %s\n", e.what());
  return 2;
}
