#pragma once

#include <string>
#include <vector>

namespace ephemint::test {

/// What the system's resolver says from now on, whatever it is asked; with none it fails. A program that has
/// this asks no other name server: its `getaddrinfo` stands before the C library's.
void names_lead_to(std::vector<std::string> addresses);
int look_ups();

}  // namespace ephemint::test
