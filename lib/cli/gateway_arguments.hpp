#pragma once

#include "client_arguments.hpp"
#include "secret_input.hpp"
#include "service_manager.hpp"

#include <ephemint/gateway/server_options.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::cli {

/// The arguments of `ephemint gateway`.
struct gateway_arguments : client_arguments {
  gateway::server_options server;  ///< all options that need no file
  std::optional<std::string> bearer_file;
  std::optional<std::string> link_key_file;
  std::optional<std::chrono::milliseconds> drain_delay;
  bool check = false;
  std::vector<std::string> by_variable;  ///< the options whose values came from the environment
};

/// Sets the defaults of the listeners: sockets from the service manager replace addresses, and without any
/// address the backend is a socket in $RUNTIME_DIRECTORY. Throws `usage_error`.
void place_listeners(gateway_arguments&, const activated_sockets&);

/// Uses the files `api-key`, `link-keys` and `bearers` of $CREDENTIALS_DIRECTORY, as far as they exist and no
/// other file was named.
void look_for_credentials(gateway_arguments&);

/// The parsed file of an option. Throws `usage_error`, naming the option.
std::vector<gateway::link_key> read_link_keys(const std::string& file, const talker& warn);
std::vector<gateway::bearer> read_bearers(const std::string& file, const talker& warn);

/// How long it goes on serving after SIGTERM: the given time; otherwise 5 s, so that balancers see first that
/// it isn't ready, or none if each listener is a Unix socket or a socket that stays open without us.
std::chrono::milliseconds drain_delay_of(const gateway_arguments&);

}  // namespace ephemint::cli
