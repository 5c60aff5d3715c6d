#pragma once

#include "descriptor.hpp"

#include <vector>

namespace ephemint::cli {

/// The pipes into which the reader of a pipe passes on what it reads, if it is `tee` or `cat`, which do
/// nothing else; opened, so that they can be asked what is in them. What stands behind further such programs
/// is there, too. None if the reader is another program, or isn't ours to look at.
///
/// It is looked for in /proc: elsewhere than on Linux there is never any.
std::vector<owned_descriptor> pipes_behind_reader_of(int pipe);

}  // namespace ephemint::cli
