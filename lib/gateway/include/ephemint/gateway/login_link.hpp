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

/// A key that signs login links: HS256, so that whoever checks a link can also make one. Keep it where the
/// API key is kept.
struct link_key {
  std::string kid;  ///< names the key in a ticket's header: 1 to 64 of `A-Z a-z 0-9 _ - .`
  secret text;      ///< its characters are the key's bytes: 32 to 512 of them, visible ASCII
};

/// The longest that a link may live from its `iat` to its `exp`, whatever an option says.
inline constexpr std::chrono::seconds longest_link_age{300};

/// Reads the lines of a file of link keys, `kid secret`; blank ones and those that begin with `#` are
/// skipped. The first key signs; all of them are taken, so that a key can be replaced. Throws
/// `std::invalid_argument` that names the line (never its secret) and says what is right: at least one key,
/// no `kid` twice.
EPHEMINT_GATEWAY_EXPORT std::vector<link_key> parse_link_keys(std::string_view text);

/// What a login link says.
struct login_link {
  account_id account;                        ///< whose portal it opens
  std::optional<portal_page> redirect_to{};  ///< the page to land on; none: the portal decides
  std::string theme_id{};                    ///< a theme's UUID; empty: none
  /// How long it can be opened. 1 s to `longest_link_age`; the gateway's `max_link_age` may be shorter.
  std::chrono::seconds max_age{60};
};

/// A signed link, `PUBLIC_URL/login/TICKET`: to be rendered when a page is, and opened once, by a person's
/// click. `public_url` is the gateway's, an origin such as `https://login.example.com`. Throws
/// `std::invalid_argument` that names the member that is wrong.
///
///     const auto keys = ephemint::gateway::parse_link_keys(text);
///     render(ephemint::gateway::make_login_link({.account = "se-1234"}, keys.front(),
///     "https://login.example.com"));
EPHEMINT_GATEWAY_EXPORT std::string make_login_link(
    const login_link&, const link_key&, std::string_view public_url,
    std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

}  // namespace ephemint::inline v0::gateway
