#pragma once

#include <cstdint>
#include <string_view>

namespace ephemint::test {

// Calls of the system that fail on demand: the program is linked with failing_sockets.cpp, whose functions
// stand before the C library's. Only the thread that calls `watch_sockets` is looked at: a test's server
// isn't.

enum class socket_call : std::uint8_t {
  socket,
  connect,
  send,
  recv,
  setsockopt,
  getsockopt,
  ioctl,
  epoll_ctl,
  epoll_wait,
};
std::string_view to_string(socket_call) noexcept;

/// The calling thread is looked at from now on, and counted anew; none of its calls fails.
void watch_sockets();
/// The n-th call of that kind from now on (the first is 1) fails once, having done nothing, with that
/// `errno`.
void fail_call(socket_call, long n, int error);
/// No call fails any more. Whether one did.
bool stop_failing_calls();

/// Calls of all kinds since `watch_sockets`.
long calls_made();
/// Sockets opened since then, and not closed.
long sockets_open();
/// Whether something was sent so that a broken pipe would have killed the process.
bool signal_risked();

}  // namespace ephemint::test
