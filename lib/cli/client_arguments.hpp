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

/// The client's arguments in all commands that mint.
struct client_arguments {
  std::optional<std::string> base_url;
  std::optional<std::string> api_key_file;
  std::optional<std::string> ca_file;
  std::vector<std::string> redirect_hosts;  ///< in addition to the portal's own
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

/// The key, from the file or else from `EPHEMINT_API_KEY`. Throws `usage_error`, saying where to put it.
/// Warns if everybody on the machine may read the file.
secret read_api_key(const std::optional<std::string>& file, const talker& warn = complain);

/// The given quota, or else the documented one for that kind of key.
quota rate_of(const client_arguments&, const secret& key);

/// The client's options, with a governor unless a quota store is named; the base URL may come from the
/// environment. Throws `usage_error`.
client_options to_client_options(const client_arguments&, secret key, const talker& warn = complain);

}  // namespace ephemint::cli
