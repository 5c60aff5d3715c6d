#include "api_process.hpp"

#include "lost_packets.hpp"
#include "support/process.hpp"

#include <ephemint/sandbox/server.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ephemint::torture {
namespace {

namespace asio = boost::asio;

constexpr pid_t none = 0;
constexpr const char* accepted_keys[] = {"TEST_the_first_key", "TEST_the_second_key"};

/// Says where the API is and what it accepts, each ended by a NUL.
void introduce(const sandbox::server& api, int to) {
  for (const std::string& word :
       {api.base_url(), std::string{accepted_keys[0]}, std::string{accepted_keys[1]}, api.ca_pem()})
    if (::write(to, word.c_str(), word.size() + 1) < 0) ::_exit(1);
  ::close(to);
}

void obey(sandbox::server& api, const std::string& line) {
  if (line.starts_with("fault ")) api.add_fault(sandbox::parse_fault(line.substr(6)));
  if (line == "clear") api.clear_faults();
  if (line == "reset") api.reset_connections();
  if (line == "vanish" && let_connections_vanish()) api.reset_connections();
  if (line == "forget") api.forget_sessions();
  if (line.starts_with("drop ")) lose_packets(static_cast<unsigned>(std::atoi(line.c_str() + 5)));
}

/// Reads commands, and saves the counts, until the parent has closed its end.
template <class Counts>
void live(sandbox::server& api, int commands, Counts& counts) {
  std::string heard;
  char bytes[512];
  while (true) {
    pollfd said{commands, POLLIN, 0};
    if (::poll(&said, 1, 20) > 0) {
      const ssize_t size = ::read(commands, bytes, sizeof bytes);
      if (size <= 0) ::_exit(0);
      heard.append(bytes, static_cast<std::size_t>(size));
    }
    for (auto end = heard.find('\n'); end != heard.npos; end = heard.find('\n')) {
      obey(api, heard.substr(0, end));
      heard.erase(0, end + 1);
    }
    const sandbox::server_stats now = api.stats();
    counts[0] = now.requests;
    counts[1] = now.minted;
    counts[2] = now.rate_limited;
    counts[3] = now.peak_per_window;
  }
}

std::string read_all(int from) {
  std::string all;
  char bytes[4096];
  for (ssize_t size = 1; size > 0;) {
    size = ::read(from, bytes, sizeof bytes);
    if (size > 0) all.append(bytes, static_cast<std::size_t>(size));
  }
  ::close(from);
  return all;
}

}  // namespace

api_process::api_process(std::string_view limit) {
  void* const shared =
      ::mmap(nullptr, sizeof(page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int told[2], said[2];
  if (shared == MAP_FAILED || ::pipe(told) != 0 || ::pipe(said) != 0) throw std::bad_alloc{};
  page_ = new (shared) page{};
  page_->serves = true;
  std::signal(SIGPIPE, SIG_IGN);  // if nobody hears, `tell` throws
  holder_ = test::fork_process();
  if (holder_ == 0) {
    ::close(told[0]);
    ::close(said[1]);
    try {
      hold(limit, told[1], said[0]);
    } catch (...) {
      ::_exit(1);
    }
  }
  ::close(told[1]);
  ::close(said[0]);
  commands_ = said[1];
  const std::string all = read_all(told[0]);
  std::vector<std::string> words;
  for (std::size_t at = 0; at < all.size(); at += words.back().size() + 1)
    words.emplace_back(all.c_str() + at);
  if (words.size() != 4) throw std::runtime_error{"the sandbox didn't start"};
  base_url = words[0];
  keys[0] = words[1];
  keys[1] = words[2];
  ca_pem = words[3];
}

void api_process::hold(std::string_view limit, int told_to, int heard_from) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  asio::io_context context;
  sandbox::server_options options;
  options.tracked_accounts = 0;
  options.limit = sandbox::parse_rate_limit(limit);
  options.api_key = accepted_keys[0];
  sandbox::server api{context.get_executor(), std::move(options)};
  api.add_api_key(accepted_keys[1]);
  while (true) {
    while (!page_->serves) ::usleep(10'000);
    const int number = page_->lives++ % most_lives;
    context.notify_fork(asio::execution_context::fork_prepare);
    const pid_t worker = test::fork_process();
    if (worker == 0) {
      if (told_to != -1) ::close(told_to);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      context.notify_fork(asio::execution_context::fork_child);
      const auto work = asio::make_work_guard(context);
      std::thread{[&] { context.run(); }}.detach();
      live(api, heard_from, page_->counts[number]);
    }
    context.notify_fork(asio::execution_context::fork_parent);
    page_->worker = worker;
    if (told_to != -1) introduce(api, std::exchange(told_to, -1));
    siginfo_t how;
    ::waitid(P_PID, static_cast<id_t>(worker), &how, WEXITED | WNOWAIT);
    page_->worker = none;  // before its number can be that of another process
    ::waitpid(worker, nullptr, 0);
  }
}

api_process::~api_process() {
  ::close(commands_);
  page_->serves = false;
  test::signal_process(page_->worker, SIGKILL);
  test::signal_process(holder_, SIGKILL);
  ::waitpid(holder_, nullptr, 0);
}

pid_t api_process::worker() const {
  for (int tries = 0; tries < 10'000; ++tries) {
    if (const pid_t running = page_->worker; running != none) return running;
    ::usleep(1'000);
  }
  throw std::runtime_error{"the sandbox doesn't run"};
}

void api_process::stop() { test::signal_process(worker(), SIGSTOP); }
void api_process::go_on() { test::signal_process(worker(), SIGCONT); }
void api_process::kill() {
  const pid_t running = worker();
  page_->serves = false;
  test::signal_process(running, SIGKILL);
}
void api_process::revive() { page_->serves = true; }

void api_process::tell(const std::string& line) {
  const std::string whole = line + '\n';
  if (::write(commands_, whole.data(), whole.size()) < 0) throw std::runtime_error{"nobody hears"};
}

int api_process::lives() const noexcept { return page_->lives; }
api_process::life api_process::seen(int number) const noexcept {
  const auto& counts = page_->counts[number % most_lives];
  return {counts[0], counts[1], counts[2], counts[3]};
}

}  // namespace ephemint::torture
