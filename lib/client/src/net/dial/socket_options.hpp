#pragma once

#include "net/process_mark.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace ephemint::inline v0::net {

/// Opens a socket that no program which the host starts inherits. Throws `std::bad_alloc`.
void open_socket(boost::asio::ip::tcp::socket&, const boost::asio::ip::tcp& protocol,
                 boost::system::error_code&);

/// The same connection for a reactor that knows nothing of it yet. The one that has waited for it to be
/// established waits for it to take bytes too, from then on, and so would wake up once more for each wait.
/// Throws `std::bad_alloc`; the connection is then closed, as it is with an error.
boost::asio::ip::tcp::socket registered_anew(boost::asio::ip::tcp::socket connected,
                                             const boost::asio::ip::tcp& protocol,
                                             boost::system::error_code&);

/// Closes a socket that was made there. In the child of a `fork` only the child's copy goes: the connection,
/// and what the parent's reactor waits for, stay as they are. Nothing if it isn't open.
void close_socket(boost::asio::ip::tcp::socket&, const process_mark& made_in) noexcept;

/// Sets what a connection's socket needs. A system that hasn't an option does without it.
void set_connection_options(boost::asio::ip::tcp::socket&);

}  // namespace ephemint::inline v0::net
