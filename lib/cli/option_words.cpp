#include "option_words.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace ephemint::cli {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 19> names{{
    {"api_key", "API key"},
    {"base_url", "--base-url"},
    {"authority_file", "--ca-file"},
    {"redirect_hosts", "--redirect-host"},
    {"proxy_credentials", "--proxy-credentials-file"},
    {"max_connections", "--connections"},
    {"http2", "--http"},
    {"in_flight", "--in-flight"},
    {"attempt_timeout", "--attempt-timeout"},
    {"max_attempts", "--max-attempts"},
    {"min_remaining", "--min-remaining"},
    // a gateway's
    {"bearers", "--bearer-file"},
    {"link_keys", "--link-key-file"},
    {"public_url", "--public-url"},
    {"back_url", "--back-url"},
    {"max_link_age", "--max-link-age"},
    {"socket_mode", "--socket-mode"},
    {"per_account", "--per-account"},
    {"log_accounts", "--log-accounts"},
}};

// Words that may have another meaning elsewhere than at the beginning.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> beginnings{{
    {"rate: ", "--rate: "},
    {"deadline: ", "--deadline: "},
    {"proxy: ", "--proxy: "},
    {"backend: ", "--listen: "},
    {"login: ", "--login-listen: "},
    {"admin: ", "--admin-listen: "},
}};

constexpr bool is_of_a_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::string in_words_of_the_command(std::string_view message) {
  std::string text;
  for (const auto& [theirs, ours] : beginnings) {
    if (!message.starts_with(theirs)) continue;
    text = ours;
    message.remove_prefix(theirs.size());
  }
  while (!message.empty()) {
    const auto end = std::find_if_not(message.begin(), message.end(), is_of_a_name) - message.begin();
    const std::string_view word = message.substr(0, std::max<std::size_t>(static_cast<std::size_t>(end), 1));
    const auto known = std::find_if(names.begin(), names.end(), [&](auto& n) { return n.first == word; });
    text += known == names.end() ? word : known->second;
    message.remove_prefix(word.size());
  }
  return text;
}

std::string in_words_of_the_command(std::string_view message, const client_arguments& given) {
  const auto from = [&](std::string_view option, std::string_view variable) {
    return std::string{variable}.append(in_words_of_the_command(message.substr(option.size())));
  };
  if (message.starts_with("base_url:") && !given.base_url) return from("base_url", "EPHEMINT_BASE_URL");
  if (message.starts_with("authority_file:") && !given.ca_file)
    return from("authority_file", "EPHEMINT_CA_FILE");
  if (message.starts_with("proxy:") && !given.proxy) return from("proxy", "EPHEMINT_PROXY");
  return in_words_of_the_command(message);
}

}  // namespace ephemint::cli
