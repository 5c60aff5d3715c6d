#pragma once

#include "harness/minter.hpp"
#include "scenario.hpp"
#include "scenario_run.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ephemint::bench {

/// `bench_load`, as it was called.
struct load_arguments {
  std::vector<scenario> scenarios;  ///< with the command line's changes
  bool cold = false;
  bool sweep = false;
  std::vector<client_kind> clients;  ///< in the order in which they run
  bool short_round = false;
  std::optional<std::string> out;
  std::optional<server_address> server;  ///< none: a sandbox
};

/// Text to show instead.
struct help_text {
  std::string text;
};

/// Throws `cli::usage_error`, naming the option.
std::variant<load_arguments, help_text> parse_load_arguments(int count, const char* const* arguments);

}  // namespace ephemint::bench
