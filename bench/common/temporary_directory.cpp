#include "temporary_directory.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <stdlib.h>

namespace ephemint::bench {

temporary_directory::temporary_directory() {
  std::string pattern = std::filesystem::temp_directory_path() / "ephemint-bench-XXXXXX";
  if (!::mkdtemp(pattern.data())) throw std::system_error{errno, std::generic_category(), pattern};
  path_ = pattern;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ephemint::bench
