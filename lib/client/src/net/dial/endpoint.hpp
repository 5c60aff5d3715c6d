#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace ephemint::inline v0::net {

/// What it takes to reach one API host. A copy of what the options say, checked already.
struct endpoint_settings {
  std::string host;  ///< an IP literal, without brackets, or a name; with its root dot, if it is absolute
  std::uint16_t port = 443;
  bool system_authorities = true;
  std::string authority_file = {};
  std::string authority_pem = {};
  bool resume_sessions = true;
  bool offers_http = true;  ///< by ALPN. A server of another kind may refuse whoever does.
};

class endpoint;
class serial_gate;

/// Loads the authorities. Throws `std::invalid_argument`, naming the option, if a file or text has no
/// certificate, or if there is nothing at all to trust.
std::shared_ptr<endpoint> make_endpoint(const boost::asio::any_io_executor&, std::shared_ptr<serial_gate>,
                                        const endpoint_settings&);

}  // namespace ephemint::inline v0::net
