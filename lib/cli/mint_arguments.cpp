#include "mint_arguments.hpp"

#include "text.hpp"
#include "usage_error.hpp"

#include <ephemint/account_id.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace ephemint::cli {
namespace {

std::string why_invalid(std::string_view account) {
  if (account.empty()) return "is empty";
  if (account.size() > account_id::max_size) return fmt::format("has {} characters", account.size());
  return "has a character that is not visible ASCII";
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

client_options to_client_options(const mint_arguments& given) {
  return to_client_options(given, read_api_key(given.api_key_file));
}

client_options to_client_options(const mint_arguments& given, secret key) {
  client_options options = to_client_options(static_cast<const client_arguments&>(given), std::move(key));
  options.max_queued = std::max(options.max_queued, given.in_flight.value_or(0));
  return options;
}

many_options to_many_options(const mint_arguments& given, const client_options& client) {
  // Enough that each connection finds its next mint waiting when one is done.
  constexpr std::size_t least_in_flight = 32;
  many_options options;
  options.in_flight = given.in_flight.value_or(std::max(2 * client.max_connections, least_in_flight));
  // If nothing else shares the governor there is nothing to yield to, and the quota may be used in bursts.
  // With a shared quota a batch leaves logins what they need; accounts on the command line count as logins.
  const bool yields = given.store.url && given.accounts_file;
  options.urgency = yields ? priority::background : priority::interactive;
  options.deadline = given.deadline;
  options.token_only = given.token_only;
  options.outage_patience = given.outage_patience;
  return options;
}

}  // namespace ephemint::cli
