#include "listening.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ephemint::inline v0::sandbox {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// Gives a descriptor to its new owner, or closes it.
template <class Owner>
void hand_over(int descriptor, Owner& to, const tcp& protocol, error_code& error) {
  if (descriptor < 0) {
    error.assign(errno, boost::system::system_category());
    return;
  }
#ifndef SOCK_CLOEXEC
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
#endif
  to.assign(protocol, descriptor, error);
  if (error) ::close(descriptor);
}

int accept_on(int listening) {
#ifdef SOCK_CLOEXEC
  return ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
#else
  return ::accept(listening, nullptr, nullptr);
#endif
}

}  // namespace

void open_acceptor(tcp::acceptor& acceptor, const tcp& protocol, error_code& error) {
#ifdef SOCK_CLOEXEC
  constexpr int not_inherited = SOCK_CLOEXEC;
#else
  constexpr int not_inherited = 0;
#endif
  hand_over(::socket(protocol.family(), protocol.type() | not_inherited, protocol.protocol()), acceptor,
            protocol, error);
  if (!error) acceptor.non_blocking(true, error);
}

asio::awaitable<tcp::socket> next_connection(tcp::acceptor& acceptor, error_code& error) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::socket connection{executor};
  do {
    co_await acceptor.async_wait(tcp::acceptor::wait_read, asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    const tcp protocol = acceptor.local_endpoint(error).protocol();
    if (!error) hand_over(accept_on(acceptor.native_handle()), connection, protocol, error);
  } while (error == asio::error::would_block || error == asio::error::interrupted ||
           error == asio::error::connection_aborted);
  co_return connection;
}

}  // namespace ephemint::inline v0::sandbox
