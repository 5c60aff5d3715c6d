#pragma once

#include <filesystem>

namespace ephemint::bench {

/// A directory in the system's temporary directory, removed when this object is destroyed.
class temporary_directory {
 public:
  temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory();

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace ephemint::bench
