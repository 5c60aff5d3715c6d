#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ephemint::cli {

/// The name that was probably meant by a word that is none of them; empty if none is near. Near is one edit
/// (a character too many, missing, wrong, or swapped with its neighbour) in short words, two in longer ones.
std::string nearest(std::string_view word, const std::vector<std::string>& names);

}  // namespace ephemint::cli
