#pragma once

#include "certificates.hpp"

#include <ephemint/sandbox/server_options.hpp>

#include <boost/asio/ssl/context.hpp>

namespace ephemint::inline v0::sandbox {

/// A server's TLS settings. Throws `std::runtime_error` if OpenSSL doesn't take them.
boost::asio::ssl::context make_tls_context(const server_options&, const identity&);

/// Makes every session ticket given so far worthless.
void forget_sessions(boost::asio::ssl::context&);

}  // namespace ephemint::inline v0::sandbox
