#include "own_network.hpp"

#include <cstring>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ephemint::torture {

bool enter_own_network() {
  if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  set_link(true);
  return true;
}

void set_link(bool up) {
  const int any = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq link{};
  std::strcpy(link.ifr_name, "lo");
  if (::ioctl(any, SIOCGIFFLAGS, &link) == 0) {
    link.ifr_flags = static_cast<short>(up ? link.ifr_flags | IFF_UP : link.ifr_flags & ~IFF_UP);
    ::ioctl(any, SIOCSIFFLAGS, &link);
  }
  ::close(any);
}

}  // namespace ephemint::torture
