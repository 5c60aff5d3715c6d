#include "held_signals.hpp"

#include "talk.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <string_view>
#include <system_error>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace ephemint::cli {
namespace {

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// Our environment, with these variables replaced or added.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> all;
  for (char** one = environ; *one; ++one) {
    const std::string_view variable{*one};
    if (!variables.contains(std::string{variable.substr(0, variable.find('='))})) all.emplace_back(variable);
  }
  for (const auto& [name, value] : variables) all.push_back(name + '=' + value);
  return all;
}

/// A command's spawn attributes: they restore its signals to their state before us.
class spawn_attributes {
 public:
  explicit spawn_attributes(const sigset_t& mask) {
    sigset_t ignored_by_us;
    ::sigemptyset(&ignored_by_us);
    ::sigaddset(&ignored_by_us, SIGPIPE);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setsigmask(&attributes_, &mask);
    ::posix_spawnattr_setsigdefault(&attributes_, &ignored_by_us);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  spawn_attributes(const spawn_attributes&) = delete;
  spawn_attributes& operator=(const spawn_attributes&) = delete;
  ~spawn_attributes() { ::posix_spawnattr_destroy(&attributes_); }

  const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

std::optional<exit_status> ended(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, WNOHANG) != child) return std::nullopt;
  if (WIFEXITED(status)) return static_cast<exit_status>(WEXITSTATUS(status));
  return ended_by(WTERMSIG(status));
}

}  // namespace

held_signals::held_signals(std::initializer_list<int> signals) {
  ::sigemptyset(&held_);
  for (const int signal : signals) ::sigaddset(&held_, signal);
  ::pthread_sigmask(SIG_BLOCK, &held_, &before_);
}

held_signals::~held_signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

void held_signals::await_one() const {
  int signal = 0;
  ::sigwait(&held_, &signal);
}

exit_status held_signals::run(const std::vector<std::string>& command,
                              const std::map<std::string, std::string>& variables) const {
  const std::vector<std::string> environment = environment_with(variables);
  const std::vector<char*> arguments = pointers_to(command), values = pointers_to(environment);
  const spawn_attributes attributes{before_};
  std::signal(SIGCHLD, SIG_DFL);  // our parent may have ignored it: then the status would be lost
  pid_t child = -1;
  const int error =
      ::posix_spawnp(&child, arguments.front(), nullptr, attributes.get(), arguments.data(), values.data());
  if (error == 0) return status_of(child);
  complain(
      fmt::format("can't run {}: {}", in_quotes(command.front()), std::generic_category().message(error)));
  return error == ENOENT ? exit_status::not_found : exit_status::not_executable;
}

exit_status held_signals::status_of(pid_t child) const {
  while (true) {
    siginfo_t what{};
    const int signal = ::sigwaitinfo(&held_, &what);
    if (signal == SIGCHLD) {
      if (const auto status = ended(child)) return *status;
    } else if (signal > 0 && what.si_code <= 0) {
      // Only if a process sent it: a terminal sends its signals to the command too.
      ::kill(child, signal);
    }
  }
}

}  // namespace ephemint::cli
