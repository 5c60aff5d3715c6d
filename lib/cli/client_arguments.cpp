#include "client_arguments.hpp"

#include "usage_error.hpp"

#include <ephemint/rate_governor.hpp>

#include <cstdlib>
#include <memory>
#include <utility>

namespace ephemint::cli {
namespace {

std::optional<std::string> from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value && *value != '\0' ? std::optional<std::string>{value} : std::nullopt;
}

/// The library's list replaces the portal's own host; the command's list adds to it.
std::vector<std::string> redirect_hosts_of(const client_arguments& given) {
  std::vector<std::string> hosts = given.redirect_hosts;
  if (!hosts.empty()) hosts.emplace_back("dashboard.shipengine.com");
  return hosts;
}

std::shared_ptr<const secret> read_proxy_credentials(const std::string& file, const talker& warn) {
  static constexpr secret_kind kind{"--proxy-credentials-file", "one line, user:password,", "credentials"};
  return std::make_shared<const secret>(read_secret_file(file, kind, warn));
}

template <class T, class U>
void take(T& option, const std::optional<U>& given) {
  if (given) option = *given;
}

}  // namespace

quota rate_of(const client_arguments& given, const secret& key) {
  const quota documented = documented_quota(key.reveal());
  if (!given.rate) return documented;
  // Learning begins at the documented quota.
  if (given.rate->how() == quota::mode::automatic)
    return quota::automatic(documented.requests(), documented.window());
  return *given.rate;
}

secret read_api_key(const std::optional<std::string>& file, const talker& warn) {
  if (file) return read_secret_file(*file, {"--api-key-file", "the API key", "a key"}, warn);
  if (auto key = take_from_environment("EPHEMINT_API_KEY")) return *std::move(key);
  throw usage_error{
      "there is no API key; put it into the environment as EPHEMINT_API_KEY, or into a file for "
      "--api-key-file"};
}

client_options to_client_options(const client_arguments& given, secret key, const talker& warn) {
  client_options options;
  take(options.base_url, given.base_url ? given.base_url : from_environment("EPHEMINT_BASE_URL"));
  take(options.authority_file, given.ca_file ? given.ca_file : from_environment("EPHEMINT_CA_FILE"));
  options.redirect_hosts = redirect_hosts_of(given);
  take(options.proxy, given.proxy ? given.proxy : from_environment("EPHEMINT_PROXY"));
  if (given.proxy_credentials_file)
    options.proxy_credentials = read_proxy_credentials(*given.proxy_credentials_file, warn);
  take(options.max_connections, given.connections);
  take(options.http2, given.http2);
  take(options.max_attempts, given.max_attempts);
  options.hedge = given.hedge;
  take(options.attempt_timeout, given.attempt_timeout);
  take(options.min_remaining, given.min_remaining);
  // A governor of our own, so that we can ask it for estimates.
  if (!given.store.url) options.governor = make_rate_governor(rate_of(given, key));
  options.api_key = std::move(key);
  options.single_threaded = true;
  return options;
}

}  // namespace ephemint::cli
