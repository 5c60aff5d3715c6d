#include "temporary_directory.hpp"

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

#include <stdlib.h>

namespace ephemint::bench {

temporary_directory::temporary_directory() {
  std::string pattern = std::filesystem::temp_directory_path() / "ephemint-bench-XXXXXX";
  if (!::mkdtemp(pattern.data())) throw std::system_error{errno, std::generic_category(), pattern};
  path_ = pattern;
}

std::filesystem::path temporary_directory::write_private(std::string_view name, std::string_view text) const {
  const auto file = path_ / name;
  std::ofstream out{file};
  using std::filesystem::perms;
  std::filesystem::permissions(file, perms::owner_read | perms::owner_write);
  out << text;
  return file;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ephemint::bench
