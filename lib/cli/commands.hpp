#pragma once

#include "gateway_arguments.hpp"
#include "mint_arguments.hpp"
#include "usage_error.hpp"

#include <ephemint/sandbox/server_options.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ephemint::cli {

/// The arguments of `ephemint sandbox`.
struct sandbox_arguments {
  sandbox::server_options server;
  std::optional<std::string> ca_file;
  std::vector<std::string> command;  ///< to run while it serves; empty: none
};

/// The arguments of `ephemint demo`.
struct demo_arguments {
  std::size_t accounts = 200;
};

/// The arguments of `ephemint link`.
struct link_arguments {
  std::string account;
  std::optional<std::string> key_file;    ///< else EPHEMINT_LINK_KEY_FILE
  std::optional<std::string> public_url;  ///< else EPHEMINT_PUBLIC_URL
  std::optional<portal_page> redirect_to;
  std::string theme_id;
  std::chrono::seconds max_age{60};
};

// The commands. Each throws `usage_error` if something is wrong before it begins.
exit_status run_mint(const mint_arguments&);
exit_status run_sandbox(const sandbox_arguments&);
exit_status run_demo(const demo_arguments&);
exit_status run_link(const link_arguments&);
exit_status run_gateway(gateway_arguments);

}  // namespace ephemint::cli
