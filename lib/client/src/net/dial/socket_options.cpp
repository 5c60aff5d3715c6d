#include "net/dial/socket_options.hpp"

#include "net/dial/reactor_mark.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>

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

bool belongs_to_parents_reactor(boost::asio::ip::tcp::socket& socket) {
  auto& context = boost::asio::query(socket.get_executor(), boost::asio::execution::context);
  return boost::asio::has_service<reactor_mark>(context) &&
         boost::asio::use_service<reactor_mark>(context).is_parents();
}

/// Makes the descriptor refer to an unconnected socket.
void replace(int number) noexcept {
  const open_descriptor other{::socket(AF_UNIX, SOCK_STREAM, 0)};
  if (other.get() >= 0)
    ::dup2(other.get(), number);
  else
    ::close(number);  // there is no free descriptor: Asio will find this one closed
}

}  // namespace

boost::asio::ip::tcp::socket registered_anew(boost::asio::ip::tcp::socket connected,
                                             const boost::asio::ip::tcp& protocol,
                                             boost::system::error_code& error) {
  boost::asio::ip::tcp::socket anew{connected.get_executor()};
  open_descriptor of{connected.release(error)};
  if (!error) anew.assign(protocol, of.get(), error);
  if (!error) of.release();
  return anew;
}

void close_socket(boost::asio::ip::tcp::socket& socket, const process_mark& made_in) noexcept {
  if (!socket.is_open()) return;
  // Asio removes a socket from its reactor's set before it closes it. If the set is the parent's, the parent
  // would never be told of events on the socket again.
  if (made_in.elsewhere() && belongs_to_parents_reactor(socket)) replace(socket.native_handle());
  boost::system::error_code ignored;
  socket.close(ignored);
}

void open_socket(boost::asio::ip::tcp::socket& socket, const boost::asio::ip::tcp& protocol,
                 boost::system::error_code& error) {
#ifdef SOCK_CLOEXEC
  // After Asio's own `open` close-on-exec could only be set later: meanwhile another thread may fork.
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
  // A request is one write: waiting to combine it with another only costs time.
  socket.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
  // Finds out that a middlebox has dropped an idle connection before it is used. By default the kernel sends
  // its first probe after two hours.
  socket.set_option(boost::asio::socket_base::keep_alive{true}, ignored);
#ifdef TCP_KEEPIDLE
  set_tcp_number(socket, TCP_KEEPIDLE, 15);
  set_tcp_number(socket, TCP_KEEPINTVL, 5);
#endif
#ifdef TCP_USER_TIMEOUT
  // Data that wasn't acknowledged for as long as a token lives is useless.
  set_tcp_number(socket, TCP_USER_TIMEOUT, 10'000);
#endif
}

}  // namespace ephemint::inline v0::net
