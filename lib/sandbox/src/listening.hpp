#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

namespace ephemint::inline v0::sandbox {

// After Asio's own functions close-on-exec could only be set later: meanwhile a program that another thread
// starts could inherit the descriptor.

/// Opens an acceptor.
void open_acceptor(boost::asio::ip::tcp::acceptor&, const boost::asio::ip::tcp& protocol,
                   boost::system::error_code&);

/// The next connection; not open if there was an error.
boost::asio::awaitable<boost::asio::ip::tcp::socket> next_connection(boost::asio::ip::tcp::acceptor&,
                                                                     boost::system::error_code&);

}  // namespace ephemint::inline v0::sandbox
