#pragma once

#include <boost/asio/ip/tcp.hpp>

namespace ephemint::inline v0::net {

/// Opens a socket that no program which the host starts inherits. Throws `std::bad_alloc`.
void open_socket(boost::asio::ip::tcp::socket&, const boost::asio::ip::tcp& protocol,
                 boost::system::error_code&);

/// Sets what a connection's socket needs. A system that hasn't an option does without it.
void set_connection_options(boost::asio::ip::tcp::socket&);

}  // namespace ephemint::inline v0::net
