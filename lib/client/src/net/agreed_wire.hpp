#pragma once

#include "net/failure.hpp"
#include "net/wire/wire.hpp"

#include <memory>

namespace ephemint::inline v0::net {

class endpoint;
class tls_stream;

/// What a handshake has agreed to speak. None, and `why`, if that isn't to be spoken with this endpoint.
/// Throws `std::bad_alloc`.
std::unique_ptr<wire> agreed_wire(endpoint&, tls_stream&, failure& why);

}  // namespace ephemint::inline v0::net
