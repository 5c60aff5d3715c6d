#pragma once

#include "blocking_client.hpp"
#include "command.hpp"
#include "temporary_directory.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace ephemint::test {

/// A Prometheus on loopback, on a free port, that scrapes nothing: it has only the given samples. Ends with
/// this object.
class prometheus {
 public:
  /// Where the program of that name is installed, if it is: `prometheus` or `promtool`.
  static std::optional<std::string> program(const std::string& name);

  /// `samples`: its data, in OpenMetrics' text format with timestamps. `rules`: the file of its rules. Throws
  /// `std::runtime_error` with its output if it doesn't start.
  prometheus(const std::string& samples, const std::string& rules);
  prometheus(const prometheus&) = delete;
  prometheus& operator=(const prometheus&) = delete;

  /// Its answer to an expression at that time, as JSON.
  std::string query(std::string_view expression, long time);
  /// Its rules, as JSON.
  std::string rules();

 private:
  std::string write_files(const std::string& samples, const std::string& rules);
  std::uint16_t wait_until_ready();
  std::string ask(const std::string& request);

  temporary_directory files_;
  command running_;
  blocking_client connection_;
};

}  // namespace ephemint::test

/// Call it at the beginning of a fixture's SetUp.
#define EPHEMINT_SKIP_WITHOUT_PROMETHEUS()                  \
  if (!ephemint::test::prometheus::program("prometheus") || \
      !ephemint::test::prometheus::program("promtool"))     \
  GTEST_SKIP() << "Prometheus is not installed"
