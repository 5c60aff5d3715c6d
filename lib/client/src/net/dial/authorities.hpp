#pragma once

#include "net/dial/endpoint.hpp"

#include <openssl/ssl.h>

namespace ephemint::inline v0::net {

/// Puts the certificates that `settings` names into the context's store. Throws `std::invalid_argument`,
/// naming the option, if a file or text has none, or if there is nothing at all to trust.
void load_authorities(SSL_CTX&, const endpoint_settings&);

}  // namespace ephemint::inline v0::net
