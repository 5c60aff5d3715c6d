#pragma once

#include "codec/reply.hpp"
#include "net/dial/endpoint.hpp"

#include <ephemint/client_options.hpp>

#include <string>

namespace ephemint::inline v0::detail {

/// The options, checked by the face and split up for the parts that use them.
struct checked_options {
  net::endpoint_settings endpoint;
  std::string host_header;  ///< `Host`, with the port unless it is 443
  std::string target;       ///< `/prefix/v1/tokens/ephemeral?redirect=shipengine-dashboard`
  std::string bare_target;  ///< the same without the query, for requests of the token alone
  std::string user_agent;
  redirect_policy redirects;
  quota rate = production_quota;
};

}  // namespace ephemint::inline v0::detail
