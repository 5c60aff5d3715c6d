#pragma once

#include "codec/reply.hpp"
#include "net/dial/endpoint.hpp"

#include <ephemint/client_options.hpp>

#include <string>

namespace ephemint::inline v0::detail {

/// The options, checked and taken apart.
struct checked_options {
  net::endpoint_settings endpoint;
  std::string host_header;  ///< `Host`, with the port unless it is 443
  std::string target;       ///< `/prefix/v1/tokens/ephemeral?redirect=shipengine-dashboard`
  std::string bare_target;  ///< the same without the query: for the token alone
  std::string user_agent;
  redirect_policy redirects;
  quota rate = production_quota;
};

/// Throws `std::invalid_argument` with one line, `option: what is wrong and what is right`.
checked_options check(const client_options&);

/// Why a request can't be right, as one line that names the field; empty if it can.
std::string check(const mint_request&);

}  // namespace ephemint::inline v0::detail
