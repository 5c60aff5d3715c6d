#pragma once

#include <cstdint>
#include <string_view>

namespace ephemint::test {

// System calls that fail on demand: the program is linked with failing_sockets.cpp, whose functions replace
// the C library's. Only the thread that calls `watch_sockets` is affected: a test's server isn't.

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

/// Counts the calling thread's calls from now on, from 0; none of them fails.
void watch_sockets();
/// The n-th call of that kind from now on (the first is 1) fails once with that `errno`, without any effect.
void fail_call(socket_call, long n, int error);
/// Lets no call fail any more. Returns whether one did.
bool stop_failing_calls();

/// Calls of all kinds since `watch_sockets`.
long calls_made();
/// Sockets opened since then, and not closed.
long sockets_open();
/// Whether something was sent in a way in which a broken pipe would have killed the process.
bool signal_risked();

}  // namespace ephemint::test
