#pragma once

#include "descriptor.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::cli {

/// The log of a server, on stderr: one JSON object per line. The server never waits for the log's reader: a
/// line that isn't taken at once is dropped, and before the next line another says how many were dropped. One
/// thread at a time.
class log_output {
 public:
  log_output();

  /// Writes a JSON object.
  void write(std::string_view line) noexcept;
  /// Writes a message that isn't about a request: `{"time":…,"message":…}`.
  void say(std::string_view message) noexcept;

 private:
  bool put(std::string_view line);
  void put_or_lose(std::string_view line);

  std::optional<non_blocking_mode> mode_;
  std::string rest_;  // of a line that was partly taken
  std::uint64_t lost_ = 0;
};

}  // namespace ephemint::cli
