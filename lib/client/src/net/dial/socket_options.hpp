#pragma once

#include <boost/asio/ip/tcp.hpp>

namespace ephemint::inline v0::net {

/// Sets what a connection's socket needs. A system that hasn't an option does without it.
void set_connection_options(boost::asio::ip::tcp::socket&);

}  // namespace ephemint::inline v0::net
