// No program that the host starts inherits a descriptor of ours, and there is no moment in which it could.
#include "support/client_run.hpp"
#include "support/temporary_file.hpp"

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <cstdio>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>

namespace {

std::atomic<int> inheritable{0};  // descriptors that were made so, be it for a moment

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// These replace the C library's.
extern "C" {

int socket(int family, int type, int protocol) noexcept {
  static auto* const real = next<int(int, int, int)>("socket");
  if ((type & SOCK_CLOEXEC) == 0) ++inheritable;
  return real(family, type, protocol);
}

int accept(int at, sockaddr* who, socklen_t* size) {
  static auto* const real = next<int(int, sockaddr*, socklen_t*)>("accept");
  ++inheritable;
  return real(at, who, size);
}

int accept4(int at, sockaddr* who, socklen_t* size, int flags) {
  static auto* const real = next<int(int, sockaddr*, socklen_t*, int)>("accept4");
  if ((flags & SOCK_CLOEXEC) == 0) ++inheritable;
  return real(at, who, size, flags);
}

FILE* fopen(const char* name, const char* mode) {
  static auto* const real = next<FILE*(const char*, const char*)>("fopen");
  if (std::string_view{mode}.find('e') == std::string_view::npos) ++inheritable;
  return real(name, mode);
}

FILE* fopen64(const char* name, const char* mode) {
  static auto* const real = next<FILE*(const char*, const char*)>("fopen64");
  if (std::string_view{mode}.find('e') == std::string_view::npos) ++inheritable;
  return real(name, mode);
}

}  // extern "C"

namespace ephemint::test {
namespace {

/// The descriptors that a program started now would have.
std::string descriptors_of_a_program() {
  std::string list;
  std::FILE* const from = ::popen("ls /proc/self/fd", "re");
  for (int c; (c = std::fgetc(from)) != EOF;) list += static_cast<char>(c == '\n' ? ' ' : c);
  ::pclose(from);
  return list;
}

// behaviours: H7
TEST(Descriptors, program_that_is_started_inherits_none) {
  { const sandbox::server first; }  // OpenSSL reads its configuration once
  const std::string before = descriptors_of_a_program();
  const int inheritable_before = inheritable;
  sandbox::server api;
  const temporary_file authority{api.ca_pem()};
  api.write_ca_file(authority.path());
  asio::thread_pool pool{1};
  auto o = options_for(api);
  o.authority_pem.clear();
  o.authority_file = authority.path();
  client c{pool.get_executor(), std::move(o)};
  c.async_warm_up(3, asio::use_future).get().value();
  c.async_mint({.account = "se-1"}, asio::use_future).get().value();
  EXPECT_EQ(inheritable - inheritable_before, 0) << "for a moment";
  EXPECT_GE(api.stats().connections_open, 3u);
  EXPECT_EQ(descriptors_of_a_program(), before);
}

}  // namespace
}  // namespace ephemint::test
