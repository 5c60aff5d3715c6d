#pragma once

#include "client_arguments.hpp"
#include "result_lines.hpp"

#include <ephemint/client_options.hpp>
#include <ephemint/mint_request.hpp>
#include <ephemint/mint_stream.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ephemint::cli {

/// The arguments of `ephemint mint`.
struct mint_arguments : client_arguments {
  std::vector<std::string> accounts;
  std::optional<std::string> accounts_file;
  std::optional<std::size_t> in_flight;
  std::chrono::milliseconds deadline = no_deadline;
  std::chrono::milliseconds outage_patience = many_options{}.outage_patience;
  std::string theme_id;
  std::optional<portal_page> redirect_to;
  bool token_only = false;
  std::optional<result_format> format;
  std::optional<std::string> metrics_file;
};

/// Throws `usage_error` unless there is at least one source of accounts, and those on the command line are
/// valid.
void check_accounts(const mint_arguments&);

/// Throws `usage_error` if both a token alone and a URL are asked for.
void check_results(const mint_arguments&);

/// The client's options, with a governor unless a quota store is named; the key and the base URL may come
/// from the environment. Throws `usage_error`.
client_options to_client_options(const mint_arguments&);
/// The same with a key that was read already, as it can be taken from the environment only once.
client_options to_client_options(const mint_arguments&, secret key);
many_options to_many_options(const mint_arguments&, const client_options&);

/// Whether all results are for one account; otherwise each must name its account.
bool is_one_account(const mint_arguments&) noexcept;

}  // namespace ephemint::cli
