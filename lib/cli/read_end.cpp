#include "read_end.hpp"

#include "passing_on.hpp"

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

read_end::state state_of(int descriptor, unsigned long question) noexcept {
  int size = 0;
  if (::ioctl(descriptor, question, &size) != 0 || size == 0) return read_end::state::taken;
  pollfd end{descriptor, 0, 0};
  const bool closed = ::poll(&end, 1, 0) > 0 && (end.revents & (POLLERR | POLLHUP)) != 0;
  return closed ? read_end::state::closed : read_end::state::unread;
}

}  // namespace

std::optional<read_end> read_end::of(int descriptor) noexcept {
  unsigned long question = 0;
  if (is_pipe(descriptor)) question = FIONREAD;  // works on the write end too
#if defined(SIOCOUTQ)
  if (is_unix_socket(descriptor)) question = SIOCOUTQ;
#endif
  int size = 0;
  if (question == 0 || ::ioctl(descriptor, question, &size) != 0) return std::nullopt;
  return read_end{descriptor, question};
}

read_end::state read_end::look() {
  const state here = state_of(descriptor_, question_);
  return here == state::taken && written_ && !passed_on_is_taken() ? state::unread : here;
}

bool read_end::passed_on_is_taken() {
  // Only now: a reader that has taken something has become the program that it will be.
  if (!behind_) behind_ = pipes_behind_reader_of(descriptor_);
  // A program whose own reader is gone learns that when it writes the next line.
  return std::none_of(behind_->begin(), behind_->end(), [](const owned_descriptor& pipe) {
    return state_of(pipe.get(), FIONREAD) == state::unread;
  });
}

}  // namespace ephemint::cli
