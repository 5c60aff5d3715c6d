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

/// `ephemint gateway`, as it was called.
struct gateway_arguments : client_arguments {
  gateway::server_options server;  ///< all of it that needs no file
  std::optional<std::string> bearer_file;
  std::optional<std::string> link_key_file;
  std::optional<std::chrono::milliseconds> drain_delay;
  bool check = false;
  std::vector<std::string> by_variable;  ///< the options whose values the environment gave
};

/// Where it listens if nothing else is said: sockets that the service manager made stand in the place of
/// addresses, and without any address the backend's is a socket in $RUNTIME_DIRECTORY. Throws `usage_error`.
void place_listeners(gateway_arguments&, const activated_sockets&);

/// Names the files `api-key`, `link-keys` and `bearers` of $CREDENTIALS_DIRECTORY, those that are there,
/// where no other file was named.
void look_for_credentials(gateway_arguments&);

/// The file of an option, parsed. Throws `usage_error` that names the option.
std::vector<gateway::link_key> read_link_keys(const std::string& file, const talker& warn);
std::vector<gateway::bearer> read_bearers(const std::string& file, const talker& warn);

/// How long it serves on after SIGTERM: as was asked for, or else 5 s where balancers must first see that it
/// isn't ready any more, and none where each listener is a Unix socket, or one that stays open without us.
std::chrono::milliseconds drain_delay_of(const gateway_arguments&);

}  // namespace ephemint::cli
