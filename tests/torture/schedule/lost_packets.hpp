#pragma once

namespace ephemint::torture {

/// Of the packets that come to any TCP socket of this process, those that it will accept included, so many in
/// a hundred are lost from now on. Needs no privilege: a filter on the socket itself.
void lose_packets(unsigned in_a_hundred);

}  // namespace ephemint::torture
