#include "net/dial/socket_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace ephemint::inline v0::net {

namespace {

void set_tcp_number(boost::asio::ip::tcp::socket& socket, int option, int value) {
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
}

}  // namespace

void set_connection_options(boost::asio::ip::tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  // A request is one write: waiting to join it with another only costs time.
  socket.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
  // Finds an idle connection that a middlebox has dropped before it is used: the kernel's own first probe
  // would come after two hours.
  socket.set_option(boost::asio::socket_base::keep_alive{true}, ignored);
#ifdef TCP_KEEPIDLE
  set_tcp_number(socket, TCP_KEEPIDLE, 15);
  set_tcp_number(socket, TCP_KEEPINTVL, 5);
#endif
#ifdef TCP_USER_TIMEOUT
  // What was not acknowledged for as long as a token lives is of no use to anybody.
  set_tcp_number(socket, TCP_USER_TIMEOUT, 10'000);
#endif
}

}  // namespace ephemint::inline v0::net
