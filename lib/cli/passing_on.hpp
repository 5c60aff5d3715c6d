#pragma once

#include "descriptor.hpp"

#include <vector>

namespace ephemint::cli {

/// If a pipe's reader is `tee` or `cat`, which only pass on what they read: the pipes into which it writes,
/// opened, so that their content can be checked. Includes pipes after further such programs. Empty if the
/// reader is another program, or may not be examined.
///
/// The reader is searched in /proc, so the result is always empty on systems other than Linux.
std::vector<owned_descriptor> pipes_behind_reader_of(int pipe);

}  // namespace ephemint::cli
