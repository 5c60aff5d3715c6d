#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

#include <stdlib.h>
#include <unistd.h>

namespace ephemint::test {

/// A file with that text, removed when this object is destroyed.
class temporary_file {
 public:
  explicit temporary_file(std::string_view text = {}) {
    const int descriptor = ::mkstemp(path_.data());
    if (descriptor == -1) throw std::runtime_error{"no temporary file"};
    while (!text.empty()) {
      const auto size = ::write(descriptor, text.data(), text.size());
      if (size <= 0) throw std::runtime_error{"no room for a temporary file"};
      text.remove_prefix(static_cast<std::size_t>(size));
    }
    ::close(descriptor);
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  ~temporary_file() { std::remove(path_.c_str()); }

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_ = "/tmp/ephemint-test-XXXXXX";
};

}  // namespace ephemint::test
