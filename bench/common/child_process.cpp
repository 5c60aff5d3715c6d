#include "child_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ephemint::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

/// A descriptor that is closed by the destructor; -1: none.
class descriptor {
 public:
  descriptor() noexcept = default;
  explicit descriptor(int number) noexcept : number_{number} {}
  descriptor(descriptor&& other) noexcept : number_{other.release()} {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() {
    if (number_ != -1) ::close(number_);
  }

  int get() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

struct pipe_ends {
  descriptor reading;
  descriptor writing;
};

pipe_ends make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail("pipe");
  return {descriptor{ends[0]}, descriptor{ends[1]}};
}

descriptor open_null() {
  descriptor null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (null.get() == -1) fail("/dev/null");
  return null;
}

bool set_core(int core) noexcept {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<std::size_t>(core), &cores);
  return ::sched_setaffinity(0, sizeof cores, &cores) == 0;
}

/// The child's work between `fork` and `exec`: only what is safe in a copy of a program with threads, so
/// everything else is prepared before.
struct launch {
  const char* program;
  char* const* arguments;
  const std::optional<int> core;
  int in, out, err;  // -1: inherited
  int failure;       // the error's number goes there; closed by a successful `exec`
  pid_t parent;

  [[noreturn]] void go() const noexcept {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);  // the parent died before the line above
    if ((in == -1 || ::dup2(in, STDIN_FILENO) != -1) && (out == -1 || ::dup2(out, STDOUT_FILENO) != -1) &&
        (err == -1 || ::dup2(err, STDERR_FILENO) != -1) && (!core || set_core(*core))) {
      ::signal(SIGPIPE, SIG_DFL);
      ::execv(program, arguments);
    }
    const int error = errno;
    [[maybe_unused]] const auto told = ::write(failure, &error, sizeof error);
    ::_exit(127);
  }
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  std::transform(texts.begin(), texts.end(), std::back_inserter(pointers),
                 [](std::string& text) { return text.data(); });
  pointers.push_back(nullptr);
  return pointers;
}

bool is_ready(int number, short events, milliseconds patience) {
  const auto end = steady_clock::now() + patience;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
    pollfd news{number, events, 0};
    const int ready = ::poll(&news, 1, static_cast<int>(std::max<milliseconds::rep>(left.count(), 0)));
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) fail("poll");
  }
}

// glibc 2.36 declares its `pidfd_open` as a C++ function, which doesn't exist.
int open_handle(pid_t process) noexcept { return static_cast<int>(::syscall(SYS_pidfd_open, process, 0)); }

microseconds to_duration(const timeval& t) {
  return std::chrono::seconds{t.tv_sec} + microseconds{t.tv_usec};
}

}  // namespace

std::optional<std::string> find_program(std::string_view name) {
  if (name.empty()) return std::nullopt;
  const auto runs = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (name.find('/') != name.npos)
    return runs(std::string{name}) ? std::optional<std::string>{name} : std::nullopt;
  const char* const set = std::getenv("PATH");
  // Servers stand in sbin, which isn't in every user's PATH.
  std::string directories =
      (set ? std::string{set} : "/usr/local/bin:/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin";
  for (std::size_t at = 0; at < directories.size();) {
    const auto colon = std::min(directories.find(':', at), directories.size());
    std::string path = directories.substr(at, colon - at) + '/';
    if (runs(path += name)) return path;
    at = colon + 1;
  }
  return std::nullopt;
}

std::string own_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

namespace {

/// Read once, before this process is pinned.
std::pair<int, int> first_and_last_core() {
  static const auto found = [] {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) fail("sched_getaffinity");
    std::pair<int, int> ends{-1, -1};
    for (int core = 0; core < CPU_SETSIZE; ++core)
      if (CPU_ISSET(static_cast<std::size_t>(core), &allowed))
        ends = {ends.first == -1 ? core : ends.first, core};
    return ends;
  }();
  return found;
}

}  // namespace

int client_core() { return first_and_last_core().first; }
int server_core() { return first_and_last_core().second; }
void pin_to_client_core() { set_core(client_core()); }

child_process::child_process(const command& what) {
  const auto program = find_program(what.arguments.at(0));
  if (!program) throw std::system_error{ENOENT, std::generic_category(), what.arguments.front()};
  if (what.core && (*what.core < 0 || *what.core >= CPU_SETSIZE))
    throw std::invalid_argument{"there is no core " + std::to_string(*what.core)};
  std::signal(SIGPIPE, SIG_IGN);  // if the child reads no more, `write` fails

  std::vector<std::string> arguments = what.arguments;
  const std::vector<char*> pointers = pointers_to(arguments);
  const descriptor null = open_null();
  pipe_ends input = what.in == command::input::piped ? make_pipe() : pipe_ends{};
  pipe_ends output = what.out == command::output::piped ? make_pipe() : pipe_ends{};
  pipe_ends failure = make_pipe();
  const int in = what.in == command::input::piped ? input.reading.get() : null.get();
  const int out = what.out == command::output::piped       ? output.writing.get()
                  : what.out == command::output::discarded ? null.get()
                                                           : -1;
  const int err = what.err == command::error_output::with_output ? (out == -1 ? STDOUT_FILENO : out)
                  : what.err == command::error_output::discarded ? null.get()
                                                                 : -1;
  const launch start{program->c_str(),      pointers.data(), what.core, in, out, err,
                     failure.writing.get(), ::getpid()};
  process_ = ::fork();
  if (process_ == -1) fail("fork");
  if (process_ == 0) start.go();

  failure.writing = descriptor{};
  int error = 0;
  if (::read(failure.reading.get(), &error, sizeof error) == sizeof error) {
    ::waitpid(process_, nullptr, 0);
    throw std::system_error{error, std::generic_category(), *program};
  }
  handle_ = open_handle(process_);
  in_ = input.writing.release();
  out_ = output.reading.release();
}

child_process::child_process(child_process&& other) noexcept
    : process_{std::exchange(other.process_, -1)},
      handle_{std::exchange(other.handle_, -1)},
      in_{std::exchange(other.in_, -1)},
      out_{std::exchange(other.out_, -1)},
      read_{std::move(other.read_)} {}

child_process::~child_process() {
  if (process_ != -1) {
    ::kill(process_, SIGTERM);
    pollfd news{handle_, POLLIN, 0};
    constexpr int patience_ms = 1000;
    if (handle_ == -1 || ::poll(&news, 1, patience_ms) != 1) ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  close_descriptors();
}

void child_process::close_descriptors() noexcept {
  for (int* number : {&handle_, &in_, &out_}) descriptor{std::exchange(*number, -1)};
}

void child_process::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(in_, text.data(), text.size());
    if (size < 0 && errno != EINTR) fail("the program reads no more");
    if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
  }
}

void child_process::end_input() { descriptor{std::exchange(in_, -1)}; }

bool child_process::read_some(milliseconds patience) {
  if (out_ == -1 || !is_ready(out_, POLLIN, patience)) return false;
  std::array<char, 65536> block;
  const ssize_t size = ::read(out_, block.data(), block.size());
  if (size < 0 && errno == EINTR) return true;
  if (size > 0) read_.append(block.data(), static_cast<std::size_t>(size));
  return size > 0;
}

std::optional<std::string> child_process::read_line(milliseconds patience) {
  const auto until = steady_clock::now() + patience;
  while (true) {
    if (const auto end = read_.find('\n'); end != read_.npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    if (!read_some(std::max(left, milliseconds::zero()))) return std::nullopt;
  }
}

std::string child_process::read_all() {
  constexpr std::chrono::hours forever{1};
  while (read_some(forever)) {
  }
  return std::exchange(read_, {});
}

bool child_process::ended(milliseconds patience) const {
  return process_ == -1 || is_ready(handle_, POLLIN, patience);
}

void child_process::signal(int number) {
  if (process_ != -1) ::kill(process_, number);
}

process_usage child_process::wait() {
  int status = 0;
  rusage used{};
  while (::wait4(process_, &status, 0, &used) == -1)
    if (errno != EINTR) fail("wait4");
  process_ = -1;
  close_descriptors();
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), to_duration(used.ru_utime),
          to_duration(used.ru_stime), used.ru_maxrss};
}

finished_process run(const command& what) {
  child_process child{what};
  std::string output = child.read_all();
  const process_usage usage = child.wait();
  return {usage, std::move(output)};
}

}  // namespace ephemint::bench
