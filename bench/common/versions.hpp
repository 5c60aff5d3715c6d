#pragma once

#include "json_text.hpp"

#include <string>
#include <utility>
#include <vector>

namespace ephemint::bench {

/// Names and values, in the order in which they are shown.
using named_values = std::vector<std::pair<std::string, std::string>>;

/// What this program was built with, and the machine that it runs on: the compiler, the libraries, kernel,
/// processor, and the load when it was asked. To be kept beside every figure.
named_values versions();

/// All of them as members.
json_object json_of(const named_values&);

/// The versions of other programs that take part (nginx, wrk, h2load, go), as they print them, without those
/// that aren't installed.
named_values program_versions();

}  // namespace ephemint::bench
