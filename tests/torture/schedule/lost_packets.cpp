#include "lost_packets.hpp"

#include <cstdint>
#include <cstdlib>
#include <limits>

#include <dirent.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ephemint::torture {
namespace {

void filter(int descriptor, unsigned in_a_hundred) {
  if (in_a_hundred == 0) {
    const int none = 0;
    ::setsockopt(descriptor, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none);
    return;
  }
  const auto bound =
      static_cast<std::uint32_t>(std::numeric_limits<std::uint32_t>::max() / 100 * in_a_hundred);
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, bound, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, std::numeric_limits<std::uint32_t>::max()),
  };
  const sock_fprog all{4, program};
  ::setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &all, sizeof all);
}

template <class Action>
void with_each_tcp_socket(Action action) {
  DIR* const open = ::opendir("/proc/self/fd");
  if (open == nullptr) return;
  while (const dirent* one = ::readdir(open)) {
    const int descriptor = std::atoi(one->d_name);
    int domain = 0;
    socklen_t size = sizeof domain;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) continue;
    if (domain == AF_INET || domain == AF_INET6) action(descriptor);
  }
  ::closedir(open);
}

bool repair(int descriptor) {
  const int on = 1;
  return ::setsockopt(descriptor, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) == 0;
}

}  // namespace

void lose_packets(unsigned in_a_hundred) {
  with_each_tcp_socket([in_a_hundred](int descriptor) { filter(descriptor, in_a_hundred); });
}

bool let_connections_vanish() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool allowed = repair(probe);
  ::close(probe);
  if (!allowed) return false;
  with_each_tcp_socket([](int descriptor) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) == 0) repair(descriptor);
  });
  return true;
}

}  // namespace ephemint::torture
