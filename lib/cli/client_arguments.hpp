#pragma once

#include "quota_store.hpp"
#include "secret_input.hpp"

#include <ephemint/client_options.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ephemint::cli {

/// What the commands that mint are told of their client.
struct client_arguments {
  std::optional<std::string> base_url;
  std::optional<std::string> api_key_file;
  std::optional<std::string> ca_file;
  std::vector<std::string> redirect_hosts;  ///< beside the portal's own
  std::optional<std::string> proxy;         ///< empty: none, whatever the environment says
  std::optional<std::string> proxy_credentials_file;
  std::optional<quota> rate;
  quota_store_arguments store;
  std::optional<std::size_t> connections;
  std::optional<http2_use> http2;
  std::optional<int> max_attempts;
  bool hedge = false;
  std::optional<std::chrono::milliseconds> attempt_timeout;
  std::optional<std::chrono::milliseconds> min_remaining;
};

/// The key, from the file or else from `EPHEMINT_API_KEY`. Throws `usage_error` that says where to put it.
/// Warns of a file that everybody on the machine may read.
secret read_api_key(const std::optional<std::string>& file, const talker& warn = complain);

/// The quota that was asked for, or else the documented one of that kind of key.
quota rate_of(const client_arguments&, const secret& key);

/// What the client is to be told, its governor included unless a quota store is named; the base URL may come
/// from the environment. Throws `usage_error`.
client_options to_client_options(const client_arguments&, secret key, const talker& warn = complain);

}  // namespace ephemint::cli
