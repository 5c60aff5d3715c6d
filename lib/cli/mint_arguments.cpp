#include "mint_arguments.hpp"

#include "secret_input.hpp"
#include "text.hpp"
#include "usage_error.hpp"

#include <ephemint/account_id.hpp>
#include <ephemint/rate_governor.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

namespace ephemint::cli {
namespace {

std::optional<std::string> from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value && *value != '\0' ? std::optional<std::string>{value} : std::nullopt;
}

std::string why_invalid(std::string_view account) {
  if (account.empty()) return "is empty";
  if (account.size() > account_id::max_size) return fmt::format("has {} characters", account.size());
  return "has a character that is not visible ASCII";
}

/// The library's list replaces the portal's own host; the command's adds to it.
std::vector<std::string> redirect_hosts_of(const mint_arguments& given) {
  std::vector<std::string> hosts = given.redirect_hosts;
  if (!hosts.empty()) hosts.emplace_back("dashboard.shipengine.com");
  return hosts;
}

std::shared_ptr<const secret> read_proxy_credentials(const std::string& file) {
  static constexpr secret_kind kind{"--proxy-credentials-file", "one line, user:password,", "credentials"};
  return std::make_shared<const secret>(read_secret_file(file, kind));
}

template <class T, class U>
void take(T& option, const std::optional<U>& given) {
  if (given) option = *given;
}

}  // namespace

void check_accounts(const mint_arguments& given) {
  if (given.accounts.empty() && !given.accounts_file)
    throw usage_error{
        "no accounts; give them as arguments, or a file with one a line by --accounts FILE, or --accounts - "
        "for stdin"};
  for (const std::string& account : given.accounts)
    if (!account_id{account}.valid())
      throw usage_error{
          fmt::format("account {} {}; give 1 to {} characters of visible ASCII, such as se-123456",
                      in_quotes(account), why_invalid(account), account_id::max_size)};
}

void check_results(const mint_arguments& given) {
  if (!given.token_only) return;
  const char* const url_option = given.redirect_to                    ? "--redirect-to"
                                 : !given.theme_id.empty()            ? "--theme-id"
                                 : given.format == result_format::url ? "--format url"
                                                                      : nullptr;
  if (url_option)
    throw usage_error{
        fmt::format("--token-only asks for no URL, and {} is about one; leave one of them", url_option)};
}

bool is_one_account(const mint_arguments& given) noexcept {
  return given.accounts.size() == 1 && !given.accounts_file;
}

quota rate_of(const mint_arguments& given, const secret& key) {
  const quota documented = documented_quota(key.reveal());
  if (!given.rate) return documented;
  // To learn a quota, start at the documented one.
  if (given.rate->how() == quota::mode::automatic)
    return quota::automatic(documented.requests(), documented.window());
  return *given.rate;
}

secret read_api_key(const std::optional<std::string>& file) {
  if (file) return read_secret_file(*file, {"--api-key-file", "the API key", "a key"});
  if (auto key = take_from_environment("EPHEMINT_API_KEY")) return *std::move(key);
  throw usage_error{
      "there is no API key; put it into the environment as EPHEMINT_API_KEY, or into a file for "
      "--api-key-file"};
}

client_options to_client_options(const mint_arguments& given) {
  return to_client_options(given, read_api_key(given.api_key_file));
}

client_options to_client_options(const mint_arguments& given, secret key) {
  client_options options;
  take(options.base_url, given.base_url ? given.base_url : from_environment("EPHEMINT_BASE_URL"));
  take(options.authority_file, given.ca_file ? given.ca_file : from_environment("EPHEMINT_CA_FILE"));
  options.redirect_hosts = redirect_hosts_of(given);
  take(options.proxy, given.proxy ? given.proxy : from_environment("EPHEMINT_PROXY"));
  if (given.proxy_credentials_file)
    options.proxy_credentials = read_proxy_credentials(*given.proxy_credentials_file);
  take(options.max_connections, given.connections);
  take(options.http2, given.http2);
  take(options.max_attempts, given.max_attempts);
  options.hedge = given.hedge;
  take(options.attempt_timeout, given.attempt_timeout);
  take(options.min_remaining, given.min_remaining);
  // A governor of our own, to be asked how long the wait will be.
  if (!given.store.url) options.governor = make_rate_governor(rate_of(given, key));
  options.api_key = std::move(key);
  options.max_queued = std::max(options.max_queued, given.in_flight.value_or(0));
  options.single_threaded = true;
  return options;
}

many_options to_many_options(const mint_arguments& given, const client_options& client) {
  // Enough for each connection to find its next mint waiting when it is done with one.
  constexpr std::size_t least_in_flight = 32;
  many_options options;
  options.in_flight = given.in_flight.value_or(std::max(2 * client.max_connections, least_in_flight));
  // Where nobody else shares the governor there is nobody to yield to, and the quota may be taken in bursts.
  // Of a quota that is shared a batch leaves logins what they need; accounts that are named are logins.
  const bool yields = given.store.url && given.accounts_file;
  options.urgency = yields ? priority::background : priority::interactive;
  options.deadline = given.deadline;
  options.token_only = given.token_only;
  options.outage_patience = given.outage_patience;
  return options;
}

}  // namespace ephemint::cli
