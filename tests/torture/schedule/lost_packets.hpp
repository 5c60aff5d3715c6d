#pragma once

namespace ephemint::torture {

/// From now on this many in a hundred of the packets to any TCP socket of this process are lost, also to
/// sockets that it accepts later. Needs no privilege, as it is a filter on the socket itself.
void lose_packets(unsigned in_a_hundred);

/// From now on the TCP connections that this process has are closed without sending anything, so that the
/// peer's end stays open. Needs a network namespace of this process's own; false: that isn't allowed.
bool let_connections_vanish();

}  // namespace ephemint::torture
