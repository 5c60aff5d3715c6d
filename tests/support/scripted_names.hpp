#pragma once

#include <string>
#include <vector>

namespace ephemint::test {

/// Sets what the system's resolver answers from now on, for any name; with no addresses it fails. A program
/// that is linked with this asks no name server: its `getaddrinfo` replaces the C library's.
void names_lead_to(std::vector<std::string> addresses);
int look_ups();

}  // namespace ephemint::test
