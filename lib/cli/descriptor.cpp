#include "descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ephemint::cli {

non_blocking_mode::non_blocking_mode(int descriptor) noexcept
    : descriptor_{descriptor}, before_{::fcntl(descriptor, F_GETFL)} {
  if (before_ == -1 || (before_ & O_NONBLOCK) != 0 ||
      ::fcntl(descriptor, F_SETFL, before_ | O_NONBLOCK) == -1)
    descriptor_ = -1;
}

non_blocking_mode::~non_blocking_mode() {
  if (descriptor_ != -1) ::fcntl(descriptor_, F_SETFL, before_);
}

owned_descriptor::~owned_descriptor() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
}

bool can_be_awaited(int descriptor) noexcept {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return false;
  return S_ISFIFO(facts.st_mode) || S_ISSOCK(facts.st_mode) || ::isatty(descriptor) == 1;
}

void occupy_standard_descriptors() noexcept {
  // `open` gives the lowest free number, so each fills the gap that was found.
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor)
    if (::fcntl(descriptor, F_GETFD) == -1 && ::open("/dev/null", O_RDONLY) == -1) return;
}

}  // namespace ephemint::cli
