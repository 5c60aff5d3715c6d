#pragma once

#include "gateway_arguments.hpp"
#include "mint_arguments.hpp"
#include "usage_error.hpp"

#include <ephemint/sandbox/server_options.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ephemint::cli {

/// `ephemint sandbox`, as it was called.
struct sandbox_arguments {
  sandbox::server_options server;
  std::optional<std::string> ca_file;
  std::vector<std::string> command;  ///< to run beside it; empty: none
};

/// `ephemint demo`, as it was called.
struct demo_arguments {
  std::size_t accounts = 200;
};

// The commands. Each throws `usage_error` for what is wrong before it begins.
exit_status run_mint(const mint_arguments&);
exit_status run_sandbox(const sandbox_arguments&);
exit_status run_demo(const demo_arguments&);
exit_status run_gateway(gateway_arguments);

}  // namespace ephemint::cli
