#pragma once

#include "descriptor.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::cli {

/// The log of a server, on stderr: one JSON object a line. Nobody waits for whoever reads it: a line that
/// isn't taken at once is dropped, and the next one that is taken is preceded by one that counts them. One
/// thread at a time.
class log_output {
 public:
  log_output();

  /// A JSON object.
  void write(std::string_view line) noexcept;
  /// What isn't about a request: `{"time":…,"message":…}`.
  void say(std::string_view message) noexcept;

 private:
  bool put(std::string_view line);
  void put_or_lose(std::string_view line);

  std::optional<non_blocking_mode> mode_;
  std::string rest_;  // of a line that was taken in part
  std::uint64_t lost_ = 0;
};

}  // namespace ephemint::cli
