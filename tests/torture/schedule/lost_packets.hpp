#pragma once

namespace ephemint::torture {

/// From now on so many in a hundred of the packets to any TCP socket of this process are lost, also to
/// sockets that it accepts later. Needs no privilege, as it is a filter on the socket itself.
void lose_packets(unsigned in_a_hundred);

/// From now on what closes a TCP connection of this process sends nothing: its peer still has its half. Needs
/// the network to be this process's own; false: that isn't allowed.
bool let_connections_vanish();

}  // namespace ephemint::torture
