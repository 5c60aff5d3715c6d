#include "service_manager.hpp"

#include "descriptor.hpp"
#include "text.hpp"
#include "usage_error.hpp"
#include "values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace ephemint::cli {
namespace {

constexpr int first_activated = 3;  // sd_listen_fds(3): SD_LISTEN_FDS_START

std::string take_variable(const char* name) {
  const char* const value = std::getenv(name);
  std::string taken{value ? value : ""};
  ::unsetenv(name);
  return taken;
}

[[noreturn]] void refuse_sockets(std::string_view why) {
  throw usage_error{fmt::format(
      "LISTEN_FDS: {}; give each socket unit FileDescriptorName=backend, login or admin, and ListenStream=",
      why)};
}

int& place_of(activated_sockets& sockets, std::string_view name) {
  if (name == "backend") return sockets.backend;
  if (name == "login") return sockets.login;
  if (name == "admin") return sockets.admin;
  refuse_sockets(fmt::format("a socket is called {}", in_quotes(name)));
}

void take(int descriptor, std::string_view name, activated_sockets& to) {
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0)
    refuse_sockets(fmt::format("descriptor {} is no socket that listens", descriptor));
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  int& place = place_of(to, name);
  if (place != -1) refuse_sockets(fmt::format("two sockets are called {}", name));
  place = descriptor;
}

int count_of_sockets(const std::string& text) {
  try {
    return static_cast<int>(parse_number(text, 0, 1000));
  } catch (const usage_error& wrong) {
    throw usage_error{fmt::format("LISTEN_FDS: {}", wrong.what())};
  }
}

void send_to(int socket, const std::string& to, std::string_view state) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, to.data(), to.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // an abstract address
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + to.size());
  [[maybe_unused]] const auto sent = ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL,
                                              reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace

service_manager::service_manager() : socket_{take_variable("NOTIFY_SOCKET")} {
  if (socket_.size() >= sizeof sockaddr_un::sun_path || (socket_[0] != '/' && socket_[0] != '@'))
    socket_ = {};
}

void service_manager::notify(std::string_view state) const noexcept {
  if (socket_.empty()) return;
  const owned_descriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const timeval patience{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  send_to(socket.get(), socket_, state);
}

activated_sockets take_activated_sockets() {
  const std::string process = take_variable("LISTEN_PID"), count = take_variable("LISTEN_FDS");
  std::string names = take_variable("LISTEN_FDNAMES");
  activated_sockets sockets;
  if (process != std::to_string(::getpid()) || count.empty()) return sockets;  // meant for another process
  if (count == "1" && names.empty()) names = "backend";
  std::string_view left = names;
  const int end = first_activated + count_of_sockets(count);
  for (int descriptor = first_activated; descriptor < end; ++descriptor) {
    const std::size_t colon = std::min(left.find(':'), left.size());
    take(descriptor, left.substr(0, colon), sockets);
    left.remove_prefix(std::min(colon + 1, left.size()));
  }
  return sockets;
}

long long monotonic_microseconds() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000LL + now.tv_nsec / 1000;
}

}  // namespace ephemint::cli
