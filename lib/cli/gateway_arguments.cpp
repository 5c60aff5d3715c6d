#include "gateway_arguments.hpp"

#include "text.hpp"
#include "usage_error.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <unistd.h>

namespace ephemint::cli {
namespace {

/// A directory from the service manager; the first one if there are several.
std::string directory_of(const char* variable) {
  const char* const value = std::getenv(variable);
  const std::string_view all{value ? value : ""};
  return std::string{all.substr(0, all.find(':'))};
}

void place(gateway::listen_address& listener, const char* option, int descriptor) {
  if (descriptor == -1) return;
  if (!listener.at.empty())
    throw usage_error{fmt::format(
        "{}: the service manager hands over a socket for this already; leave one of them", option)};
  listener.descriptor = descriptor;
}

void look_for(std::optional<std::string>& file, const std::string& directory, const char* name) {
  if (file || directory.empty()) return;
  std::string path = fmt::format("{}/{}", directory, name);
  if (::access(path.c_str(), F_OK) == 0) file = std::move(path);
}

/// More than the largest sensible file: a thousand bearers, each with some accounts.
constexpr std::size_t biggest_list = 256 * 1024;

template <class Parse>
auto parsed(const std::string& file, const secret_kind& kind, const talker& warn, Parse parse) {
  const secret text = read_secret_file(file, kind, warn);
  try {
    return parse(text.reveal());
  } catch (const std::invalid_argument& wrong) {
    throw usage_error{fmt::format("{}: {}: {}", kind.option, in_quotes(file), wrong.what())};
  }
}

bool outlives_us(const gateway::listen_address& listener) {
  return !listener.on() || listener.descriptor != -1 || listener.at.starts_with("unix:");
}

}  // namespace

void place_listeners(gateway_arguments& given, const activated_sockets& activated) {
  gateway::server_options& server = given.server;
  place(server.backend, "--listen", activated.backend);
  place(server.login, "--login-listen", activated.login);
  place(server.admin, "--admin-listen", activated.admin);
  if (server.backend.on()) return;
  const std::string directory = directory_of("RUNTIME_DIRECTORY");
  if (!directory.empty())
    server.backend.at = fmt::format("unix:{}/ephemint.sock", directory);
  else if (!server.login.on())
    throw usage_error{
        "--listen: there is nowhere to listen; give unix:/path/to.sock or 127.0.0.1:PORT, or start it by "
        "systemd with RuntimeDirectory= or a socket unit"};
}

void look_for_credentials(gateway_arguments& given) {
  const std::string directory = directory_of("CREDENTIALS_DIRECTORY");
  look_for(given.api_key_file, directory, "api-key");
  look_for(given.link_key_file, directory, "link-keys");
  look_for(given.bearer_file, directory, "bearers");
}

std::vector<gateway::link_key> read_link_keys(const std::string& file, const talker& warn) {
  return parsed(file, {"--link-key-file", "lines of a key's name and its secret", "link keys", biggest_list},
                warn, gateway::parse_link_keys);
}

std::vector<gateway::bearer> read_bearers(const std::string& file, const talker& warn) {
  return parsed(file, {"--bearer-file", "lines of a name and a token's SHA-256", "bearers", biggest_list},
                warn, gateway::parse_bearers);
}

std::chrono::milliseconds drain_delay_of(const gateway_arguments& given) {
  using namespace std::chrono_literals;
  if (given.drain_delay) return *given.drain_delay;
  for (const gateway::listen_address* listener :
       {&given.server.backend, &given.server.login, &given.server.admin})
    if (!outlives_us(*listener)) return 5s;
  return 0s;
}

}  // namespace ephemint::cli
