#pragma once

#include "shell/checked_options.hpp"

#include <ephemint/client_options.hpp>

#include <string>

namespace ephemint::inline v0::detail {

/// Throws `std::invalid_argument` with one line, `option: what is wrong and what is right`.
checked_options check(const client_options&);

/// Which protocols the server is offered. Throws `std::invalid_argument` if a build without HTTP/2 can't do
/// that.
net::http_offer http_offer_of(http2_use, bool speaks_http2);

/// Why a request is invalid, as one line that names the field; empty if it is valid.
std::string check(const mint_request&);

}  // namespace ephemint::inline v0::detail
