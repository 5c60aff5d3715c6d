#include "codec/login_url.hpp"

#include "codec/ascii.hpp"
#include "codec/untrusted_text.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <utility>

namespace ephemint::inline v0 {
namespace {

using namespace detail;

constexpr std::array<std::string_view, 3> page_names{"carriers", "billing", "onboarding"};

mint_error refused(std::string message) {
  mint_error::details what;
  what.message = std::move(message);
  return {mint_errc::invalid_request, std::move(what)};
}

/// Why a URL of `size` characters is too long, if we added `added` of them; empty if it isn't.
std::string length_fault(std::size_t size, std::size_t added) {
  constexpr std::size_t most_added = max_login_addition - 1;
  if (added > most_added)
    return fmt::format("login URL: {} characters are added to redirect_url, {} over the {} that may be",
                       added, added - most_added, most_added);
  if (size > max_login_url_size)
    return fmt::format("login URL: {} characters, {} over the limit of {}", size, size - max_login_url_size,
                       max_login_url_size);
  return {};
}

}  // namespace

std::string_view to_string(portal_page page) noexcept {
  const auto at = static_cast<std::size_t>(page);
  return at < page_names.size() ? page_names[at] : "";
}

bool detail::is_uuid(std::string_view text) noexcept {
  constexpr std::string_view shape = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == '-' ? text[i] != '-' : !ascii::is_hex(text[i])) return false;
  return true;
}

result<std::string> detail::append_to_query(std::string_view url, std::span<const query_parameter> added) {
  std::string whole;
  if (added.empty()) {
    whole = url;
  } else {
    auto parsed = boost::urls::parse_uri(url);
    if (!parsed) return refused("login URL: the token's redirect_url is not a URL");
    boost::urls::url extended{*parsed};
    for (const auto& parameter : added) extended.params().append({parameter.name, parameter.value});
    whole.assign(extended.data(), extended.size());
  }
  if (auto fault = length_fault(whole.size(), whole.size() - url.size()); !fault.empty())
    return refused(std::move(fault));
  return whole;
}

result<std::string> ephemeral_token::login_url(const login_options& options) const {
  if (text_.empty()) return refused("login URL: the token is empty (moved from, or never minted)");
  if (redirect_url().empty())
    return refused("login URL: the token has no redirect_url; mint it without token_only");
  std::array<query_parameter, 2> added;
  std::size_t count = 0;
  if (!options.theme_id.empty()) {
    if (!is_uuid(options.theme_id))
      return refused("theme_id: " + in_quotes(options.theme_id) +
                     " is not a UUID; give one like 550e8400-e29b-41d4-a716-446655440000");
    added[count++] = {"theme_id", options.theme_id};
  }
  if (options.redirect_to) {
    const auto page = to_string(*options.redirect_to);
    if (page.empty())
      return refused(fmt::format("redirect_to: {} is not a page; give carriers, billing or onboarding",
                                 static_cast<int>(*options.redirect_to)));
    added[count++] = {"redirect_to", page};
  }
  return append_to_query(redirect_url(), std::span{added}.first(count));
}

}  // namespace ephemint::inline v0
