#pragma once

namespace ephemint::torture {

/// Gives this process, and those that it will fork, a network of their own. Returns whether that was allowed.
bool enter_own_network();
/// Takes its loopback down, or up again.
void set_link(bool up);

}  // namespace ephemint::torture
