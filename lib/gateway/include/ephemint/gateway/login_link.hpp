#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/ephemeral_token.hpp>
#include <ephemint/gateway/export.hpp>
#include <ephemint/secret.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::gateway {

/// A key that signs login links with HS256. Anybody who can check a link can also make one, so keep the key
/// as safe as the API key.
struct link_key {
  std::string kid;  ///< names the key in a ticket's header: 1 to 64 of `A-Z a-z 0-9 _ - .`
  secret text;      ///< its characters are the key's bytes: 32 to 512 of them, visible ASCII
};

/// The longest lifetime of a link, from its `iat` to its `exp`, whatever the options say.
inline constexpr std::chrono::seconds longest_link_age{300};

/// Reads a file of link keys, one on each line: `kid secret`. Blank lines and lines that begin with `#` are
/// skipped. The first key signs, and all are accepted, so that a key can be replaced. Throws
/// `std::invalid_argument`, naming the line (never its secret) and what is right, unless there is at least
/// one key and no `kid` comes twice.
EPHEMINT_GATEWAY_EXPORT std::vector<link_key> parse_link_keys(std::string_view text);

/// The content of a login link.
struct login_link {
  account_id account;                        ///< the account whose portal it opens
  std::optional<portal_page> redirect_to{};  ///< the page to land on; none: the portal decides
  std::string theme_id{};                    ///< a theme's UUID; empty: none
  /// How long it can be opened. 1 s to `longest_link_age`; the gateway's `max_link_age` may be shorter.
  std::chrono::seconds max_age{60};
};

/// Makes a signed link, `PUBLIC_URL/login/TICKET`. Make it when its page is rendered; it can be opened once,
/// by a person's click. `public_url` is the gateway's origin, such as `https://login.example.com`. Throws
/// `std::invalid_argument`, naming the member that is wrong.
///
///     const auto keys = ephemint::gateway::parse_link_keys(text);
///     render(ephemint::gateway::make_login_link({.account = "se-1234"}, keys.front(),
///     "https://login.example.com"));
EPHEMINT_GATEWAY_EXPORT std::string make_login_link(
    const login_link&, const link_key&, std::string_view public_url,
    std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

}  // namespace ephemint::inline v0::gateway
