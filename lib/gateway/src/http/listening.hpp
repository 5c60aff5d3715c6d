#pragma once

#include <ephemint/gateway/server_options.hpp>

#include <boost/asio/generic/stream_protocol.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/types.h>

namespace ephemint::inline v0::gateway {

/// The address of a socket, TCP or Unix.
struct socket_address {
  boost::asio::generic::stream_protocol::endpoint at;

  bool is_unix() const { return at.protocol().family() == AF_UNIX; }
  /// Whether only this machine can reach it, as with a Unix socket.
  bool is_local() const;
  /// The path, or the host without the port.
  std::string name() const;
  /// In the form of `server_addresses`.
  std::string text() const;
};

/// Reads `unix:/path` or `host:port`, without a look-up: `localhost` is 127.0.0.1. Throws
/// `std::invalid_argument`, saying what is wrong and what is right.
socket_address parse_address(std::string_view at);
/// The address of a listening socket. Throws `std::invalid_argument` if it isn't one.
socket_address address_of(int descriptor);
/// The address of the descriptor, if there is one, else `at`.
socket_address address_of(const listen_address&);

/// The file of a Unix socket that we made. It is removed with this object, unless another file has replaced
/// it.
class socket_file {
 public:
  explicit socket_file(std::string path) noexcept;
  socket_file(const socket_file&) = delete;
  socket_file& operator=(const socket_file&) = delete;
  ~socket_file() { remove(); }

  /// From any thread.
  void remove() noexcept;

 private:
  const std::string path_;
  const pid_t maker_;  ///< the child of a `fork` leaves the file alone
  dev_t device_ = 0;
  ino_t number_ = 0;
  std::atomic<bool> there_;
};

/// A listening socket. Nobody can connect to a Unix socket before its file mode is set.
class listening {
 public:
  /// Takes the descriptor, or makes a socket; a socket file on which nobody listens is replaced. Throws
  /// `std::system_error`, saying where it couldn't listen, and what `address_of` throws.
  listening(const listen_address&, unsigned mode);
  listening(const listening&) = delete;
  listening& operator=(const listening&) = delete;
  listening(listening&& other) noexcept;
  ~listening();

  const socket_address& address() const noexcept { return address_; }
  /// Null if the socket isn't a Unix socket or was handed over.
  const std::shared_ptr<socket_file>& file() const noexcept { return file_; }
  /// Whether no other process has the socket: it wasn't handed over.
  bool is_ours() const noexcept { return is_ours_; }
  int descriptor() const noexcept { return descriptor_; }
  /// Gives the descriptor to the caller.
  int release() noexcept;

 private:
  int descriptor_;
  bool is_ours_;
  socket_address address_;
  std::shared_ptr<socket_file> file_;
};

}  // namespace ephemint::inline v0::gateway
