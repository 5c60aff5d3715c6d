#include "net/dial/socket_options.hpp"

#include <cerrno>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ephemint::inline v0::net {

namespace {

void set_tcp_number(boost::asio::ip::tcp::socket& socket, int option, int value) {
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
}

/// A descriptor that nobody owns yet.
class open_descriptor {
 public:
  explicit open_descriptor(int number) noexcept : number_{number} {}
  ~open_descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  open_descriptor(const open_descriptor&) = delete;
  open_descriptor& operator=(const open_descriptor&) = delete;

  int get() const noexcept { return number_; }
  void release() noexcept { number_ = -1; }

 private:
  int number_;
};

}  // namespace

void open_socket(boost::asio::ip::tcp::socket& socket, const boost::asio::ip::tcp& protocol,
                 boost::system::error_code& error) {
#ifdef SOCK_CLOEXEC
  // Asio's own `open` leaves a moment in which another thread may fork.
  open_descriptor made{::socket(protocol.family(), protocol.type() | SOCK_CLOEXEC, protocol.protocol())};
  if (made.get() < 0) {
    error.assign(errno, boost::system::system_category());
    return;
  }
  socket.assign(protocol, made.get(), error);
  if (!error) made.release();
#else
  socket.open(protocol, error);
  if (!error) ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
#endif
}

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
