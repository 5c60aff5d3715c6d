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

/// Whom to trust in TLS.
struct store_trust {
  bool system_authorities = true;
  std::string authority_file{};
  std::string authority_pem{};
};

/// What all connections to one server share: its name's addresses; with TLS also whom to trust.
struct store_place {
  store_address address;
  std::shared_ptr<net::resolver> names;
  std::shared_ptr<net::endpoint> secure;  ///< null: without TLS

  /// Where an address is wrong the name is asked for anew.
  void doubt() const noexcept { names->doubt(); }
};

/// `trust`: null without TLS. Throws `std::bad_alloc`, and `std::invalid_argument`, naming the option, if
/// there is nothing to trust.
std::shared_ptr<store_place> make_store_place(const boost::asio::any_io_executor&,
                                              std::shared_ptr<net::serial_gate>, store_address,
                                              const store_trust* trust);

/// Why no connection could be had, as a message says it behind the server's name: without that name, and in
/// the options' words.
std::string cause_of(std::string_view failure, const store_address&);

}  // namespace ephemint::inline v0::redis
