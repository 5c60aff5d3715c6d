#pragma once

#include "certificates.hpp"

#include <ephemint/sandbox/server_options.hpp>

#include <boost/asio/ssl/context.hpp>

namespace ephemint::inline v0::sandbox {

/// A server's TLS settings. Throws `std::runtime_error` if OpenSSL doesn't accept them.
boost::asio::ssl::context make_tls_context(const server_options&, const identity&);

/// Makes all session tickets given so far invalid.
void forget_sessions(boost::asio::ssl::context&);

}  // namespace ephemint::inline v0::sandbox
