#include "read_end.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#if defined(__linux__)
#include <linux/sockios.h>
#endif

namespace ephemint::cli {
namespace {

bool is_pipe(int descriptor) noexcept {
  struct stat facts {};
  return ::fstat(descriptor, &facts) == 0 && S_ISFIFO(facts.st_mode);
}

bool is_unix_socket(int descriptor) noexcept {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  return ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size) == 0 &&
         name.ss_family == AF_UNIX;
}

}  // namespace

std::optional<read_end> read_end::of(int descriptor) noexcept {
  unsigned long question = 0;
  if (is_pipe(descriptor)) question = FIONREAD;  // works on the end for writing, too
#if defined(SIOCOUTQ)
  if (is_unix_socket(descriptor)) question = SIOCOUTQ;
#endif
  int size = 0;
  if (question == 0 || ::ioctl(descriptor, question, &size) != 0) return std::nullopt;
  return read_end{descriptor, question};
}

read_end::state read_end::look() const noexcept {
  int size = 0;
  if (::ioctl(descriptor_, question_, &size) != 0 || size == 0) return state::taken;
  pollfd end{descriptor_, 0, 0};
  const bool closed = ::poll(&end, 1, 0) > 0 && (end.revents & (POLLERR | POLLHUP)) != 0;
  return closed ? state::closed : state::unread;
}

}  // namespace ephemint::cli
