#pragma once

#include "codec/store_address.hpp"
#include "net/dial/resolver.hpp"
#include "net/dial/shared_endpoint.hpp"
#include "net/serial_gate.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace ephemint::inline v0::redis {

/// The authorities to trust with TLS.
struct store_trust {
  bool system_authorities = true;
  std::string authority_file{};
  std::string authority_pem{};
};

/// What all connections to one server share: its addresses, and with TLS the trusted authorities.
struct store_place {
  store_address address;
  std::shared_ptr<net::resolver> names;
  std::shared_ptr<net::endpoint> secure;  ///< null: without TLS

  /// The address may be wrong: the name will be looked up again.
  void doubt() const noexcept { names->doubt(); }
};

/// `trust`: null without TLS. Throws `std::bad_alloc`, and `std::invalid_argument`, naming the option, if
/// there is nothing to trust.
std::shared_ptr<store_place> make_store_place(const boost::asio::any_io_executor&,
                                              std::shared_ptr<net::serial_gate>, store_address,
                                              const store_trust* trust);

/// Why there is no connection, as text that follows the server's name in a message: without that name, and
/// with the names of the shared quota's options.
std::string cause_of(std::string_view failure, const store_address&);

}  // namespace ephemint::inline v0::redis
