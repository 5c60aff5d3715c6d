#include "failing_sockets.hpp"

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <set>

#include <dlfcn.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ephemint::test {
namespace {

struct watched {
  bool on = false;
  socket_call failing{};
  long countdown = 0;
  int error = 0;
  bool failed = false;
  long calls = 0;
  bool signal_risked = false;
  std::set<int> open;
};

thread_local watched mine;

/// Whether this call must fail; sets `errno` then.
bool fails(socket_call which) {
  if (!mine.on) return false;
  ++mine.calls;
  if (mine.countdown == 0 || mine.failing != which || --mine.countdown != 0) return false;
  mine.failed = true;
  errno = mine.error;
  return true;
}

bool fails_to_send(int flags) {
  if (mine.on && (flags & MSG_NOSIGNAL) == 0) mine.signal_risked = true;
  return fails(socket_call::send);
}

/// The real function of that name.
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

std::string_view to_string(socket_call which) noexcept {
  constexpr std::array<std::string_view, 9> names{
      "socket", "connect", "send", "recv", "setsockopt", "getsockopt", "ioctl", "epoll_ctl", "epoll_wait"};
  return names[static_cast<std::size_t>(which)];
}

void watch_sockets() {
  mine = {};
  mine.on = true;
}

void fail_call(socket_call which, long n, int error) {
  mine.failing = which;
  mine.error = error;
  mine.failed = false;
  mine.countdown = n;
}

bool stop_failing_calls() {
  mine.countdown = 0;
  return mine.failed;
}

long calls_made() { return mine.calls; }
long sockets_open() { return static_cast<long>(mine.open.size()); }
bool signal_risked() { return mine.signal_risked; }

}  // namespace ephemint::test

// The C library declares these with more (`noexcept`, attributes) than callers need.

using ephemint::test::fails;
using ephemint::test::fails_to_send;
using ephemint::test::mine;
using ephemint::test::next;
using ephemint::test::socket_call;

extern "C" {

int socket(int family, int type, int protocol) noexcept {
  if (fails(socket_call::socket)) return -1;
  static auto* const real = next<int(int, int, int)>("socket");
  const int made = real(family, type, protocol);
  if (mine.on && made >= 0) mine.open.insert(made);
  return made;
}

int close(int descriptor) {
  static auto* const real = next<int(int)>("close");
  if (mine.on) mine.open.erase(descriptor);
  return real(descriptor);
}

int connect(int to, const sockaddr* where, socklen_t size) {
  if (fails(socket_call::connect)) return -1;
  static auto* const real = next<int(int, const sockaddr*, socklen_t)>("connect");
  return real(to, where, size);
}

ssize_t send(int to, const void* bytes, std::size_t size, int flags) {
  if (fails_to_send(flags)) return -1;
  static auto* const real = next<ssize_t(int, const void*, std::size_t, int)>("send");
  return real(to, bytes, size, flags);
}

ssize_t sendmsg(int to, const msghdr* what, int flags) {
  if (fails_to_send(flags)) return -1;
  static auto* const real = next<ssize_t(int, const msghdr*, int)>("sendmsg");
  return real(to, what, flags);
}

ssize_t recv(int from, void* bytes, std::size_t size, int flags) {
  if (fails(socket_call::recv)) return -1;
  static auto* const real = next<ssize_t(int, void*, std::size_t, int)>("recv");
  return real(from, bytes, size, flags);
}

ssize_t recvmsg(int from, msghdr* what, int flags) {
  if (fails(socket_call::recv)) return -1;
  static auto* const real = next<ssize_t(int, msghdr*, int)>("recvmsg");
  return real(from, what, flags);
}

int setsockopt(int of, int level, int name, const void* value, socklen_t size) noexcept {
  if (fails(socket_call::setsockopt)) return -1;
  static auto* const real = next<int(int, int, int, const void*, socklen_t)>("setsockopt");
  return real(of, level, name, value, size);
}

int getsockopt(int of, int level, int name, void* value, socklen_t* size) noexcept {
  if (fails(socket_call::getsockopt)) return -1;
  static auto* const real = next<int(int, int, int, void*, socklen_t*)>("getsockopt");
  return real(of, level, name, value, size);
}

int ioctl(int of, unsigned long request, ...) noexcept {
  va_list rest;
  va_start(rest, request);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  if (fails(socket_call::ioctl)) return -1;
  static auto* const real = next<int(int, unsigned long, void*)>("ioctl");
  return real(of, request, argument);
}

int epoll_ctl(int at, int what, int of, epoll_event* events) noexcept {
  if (fails(socket_call::epoll_ctl)) return -1;
  static auto* const real = next<int(int, int, int, epoll_event*)>("epoll_ctl");
  return real(at, what, of, events);
}

int epoll_wait(int at, epoll_event* events, int most, int timeout) {
  if (fails(socket_call::epoll_wait)) return -1;
  static auto* const real = next<int(int, epoll_event*, int, int)>("epoll_wait");
  return real(at, events, most, timeout);
}

}  // extern "C"
