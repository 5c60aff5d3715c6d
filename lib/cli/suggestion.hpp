#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ephemint::cli {

/// The name that an unknown word probably means; empty if none is near. Near means one edit (a character
/// added, missing, wrong, or swapped with its neighbour) for short words, two for longer ones.
std::string nearest(std::string_view word, const std::vector<std::string>& names);

}  // namespace ephemint::cli
