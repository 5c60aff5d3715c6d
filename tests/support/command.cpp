#include "support/command.hpp"

#include "support/process.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace ephemint::test {
namespace {

using std::chrono::steady_clock;

void close_one(int& descriptor) {
  if (descriptor != -1) ::close(std::exchange(descriptor, -1));
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** one = environ; *one; ++one) {
    const std::string_view variable{*one};
    bool kept = true;
    for (const std::string_view name : {"EPHEMINT_", "TERM=", "NO_COLOR="})
      kept = kept && !variable.starts_with(name);
    if (kept) all.emplace_back(variable);
  }
  for (const auto& [name, value] : added) all.push_back(name + '=' + value);
  return all;
}

/// Our end, and the program's.
bool open_channel(channel kind, int (&ends)[2]) {
  if (kind == channel::pipe) return ::pipe2(ends, O_CLOEXEC) == 0;
  if (kind == channel::unix_socket) return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0;
  ends[0] = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (ends[0] == -1 || ::grantpt(ends[0]) != 0 || ::unlockpt(ends[0]) != 0) return false;
  ends[1] = ::open(::ptsname(ends[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
  return ends[1] != -1;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

bool can_be_had(channel kind) {
  int ends[2];
  if (!open_channel(kind, ends)) return false;
  for (const int end : ends) ::close(end);
  return true;
}

command::command(std::vector<std::string> arguments, std::map<std::string, std::string> environment,
                 channel output) {
  std::signal(SIGPIPE, SIG_IGN);
  int in[2], out[2], err[2];
  if (!open_channel(output, out) || ::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0)
    throw std::runtime_error{"no pipes"};
  std::vector<std::string> variables = environment_with(environment);
  const std::vector<char*> argv = pointers_to(arguments), envp = pointers_to(variables);
  process_ = fork_process();
  if (process_ == 0) {  // only what is safe in a copy of a program with threads
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    ::signal(SIGPIPE, SIG_DFL);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  ::close(err[1]);
  in_ = in[1];
  out_ = out[0];
  err_ = err[0];
}

command::~command() {
  for (int* descriptor : {&in_, &out_, &err_}) close_one(*descriptor);
  if (process_ == -1) return;
  signal_process(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

void command::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(in_, text.data(), text.size());
    if (size <= 0) throw std::runtime_error{"the program reads no more"};
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

void command::end_input() { close_one(in_); }
void command::close_output() { close_one(out_); }
void command::signal(int number) { signal_process(process_, number); }

bool command::read_some(int& descriptor, std::string& into) {
  char block[65536];
  const ssize_t size = ::read(descriptor, block, sizeof block);
  if (size > 0) into.append(block, static_cast<std::size_t>(size));
  if (size <= 0) close_one(descriptor);  // reading from a terminal whose other end is closed fails
  return size > 0;
}

std::optional<std::string> command::read_line() { return line_of(out_, read_); }
std::optional<std::string> command::read_error_line() { return line_of(err_, read_error_); }

std::optional<std::string> command::line_of(int& descriptor, std::string& into) {
  const auto patience = steady_clock::now() + std::chrono::seconds{20};
  while (true) {
    if (const auto end = into.find('\n'); end != into.npos) {
      std::string line = into.substr(0, end);
      into.erase(0, end + 1);
      return line;
    }
    pollfd news{descriptor, POLLIN, 0};
    if (descriptor == -1 || steady_clock::now() > patience) return std::nullopt;
    if (::poll(&news, 1, 100) > 0 && !read_some(descriptor, into)) return std::nullopt;
  }
}

std::size_t command::unread() const {
  pollfd news{out_, POLLIN, 0};
  int size = 0;
  return ::poll(&news, 1, 20'000) > 0 && ::ioctl(out_, FIONREAD, &size) == 0 ? std::size_t(size) : 0;
}

outcome command::wait(std::string_view input) {
  const auto patience = steady_clock::now() + std::chrono::seconds{60};
  outcome all;
  all.out = std::exchange(read_, {});
  all.err = std::exchange(read_error_, {});
  if (in_ != -1) ::fcntl(in_, F_SETFL, O_NONBLOCK);
  while (out_ != -1 || err_ != -1) {
    if (input.empty()) end_input();
    pollfd news[3] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}, {in_, POLLOUT, 0}};
    ::poll(news, 3, 100);
    if (news[0].revents != 0) read_some(out_, all.out);
    if (news[1].revents != 0) read_some(err_, all.err);
    if (news[2].revents != 0) {
      const ssize_t size = ::write(in_, input.data(), input.size());
      input.remove_prefix(size > 0 ? static_cast<std::size_t>(size) : errno == EAGAIN ? 0 : input.size());
    }
    if (steady_clock::now() > patience) signal_process(process_, SIGKILL);
  }
  int status = 0;
  ::waitpid(std::exchange(process_, -1), &status, 0);
  all.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return all;
}

outcome run_command(std::vector<std::string> arguments, std::map<std::string, std::string> environment,
                    std::string_view input) {
  return command{std::move(arguments), std::move(environment)}.wait(input);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace ephemint::test
