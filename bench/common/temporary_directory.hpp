#pragma once

#include <filesystem>
#include <string_view>

namespace ephemint::bench {

/// A directory in the system's temporary directory, removed when this object is destroyed.
class temporary_directory {
 public:
  temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory();

  const std::filesystem::path& path() const noexcept { return path_; }

  /// Writes a file that only its owner can read, as an API key should be, or the command warns. Returns its
  /// path.
  std::filesystem::path write_private(std::string_view name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace ephemint::bench
