#pragma once

#include "net/failure.hpp"
#include "net/wire/wire.hpp"

#include <memory>

namespace ephemint::inline v0::net {

class endpoint;
class tls_stream;

/// The wire for the protocol that the handshake agreed on. Null, with the reason in `why`, if that protocol
/// isn't allowed for this endpoint. Throws `std::bad_alloc`.
std::unique_ptr<wire> agreed_wire(endpoint&, tls_stream&, failure& why);

}  // namespace ephemint::inline v0::net
