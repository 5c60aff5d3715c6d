#pragma once

#include "net/process_mark.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace ephemint::inline v0::net {

/// Opens a close-on-exec socket. Throws `std::bad_alloc`.
void open_socket(boost::asio::ip::tcp::socket&, const boost::asio::ip::tcp& protocol,
                 boost::system::error_code&);

/// Registers a connection with the reactor anew. After a connect the reactor goes on waiting until the socket
/// is writable too, and would wake up once more for each wait. Throws `std::bad_alloc`; then the connection
/// is closed, as after an error.
boost::asio::ip::tcp::socket registered_anew(boost::asio::ip::tcp::socket connected,
                                             const boost::asio::ip::tcp& protocol,
                                             boost::system::error_code&);

/// Closes a socket that was made in the process `made_in`. In the child of a `fork` only the child's copy is
/// closed: the connection and the parent's reactor aren't affected. Does nothing if the socket isn't open.
void close_socket(boost::asio::ip::tcp::socket&, const process_mark& made_in) noexcept;

/// Sets the options that a connection's socket needs. Options that the system doesn't have are left out.
void set_connection_options(boost::asio::ip::tcp::socket&);

}  // namespace ephemint::inline v0::net
