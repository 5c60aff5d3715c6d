#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/error.hpp>
#include <ephemint/export.hpp>
#include <ephemint/secret.hpp>

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0 {

/// The page of the carrier portal where the customer lands. Source: the API's direct-login guide.
enum class portal_page { carriers, billing, onboarding };

/// The page's name as it stands in the enumeration, and in the URL: `billing`.
EPHEMINT_EXPORT std::string_view to_string(portal_page) noexcept;

/// What to add to a token's `redirect_url`.
///
/// Owns nothing, on purpose: `co_await s.redirect(t.login_url({.theme_id = id}).value())` makes it a
/// temporary of an await expression, and there g++ 12 destroys some non-trivial temporaries twice.
struct login_options {
  /// A theme's UUID, for a branded portal; must live as long as these options. Empty: none.
  std::string_view theme_id = {};
  /// The page to land on. None: the portal decides (carriers, or onboarding until that is done).
  std::optional<portal_page> redirect_to = std::nullopt;
};

/// The limit of the whole login URL, in characters: what most browsers accept. Source: the direct-login
/// guide.
inline constexpr std::size_t max_login_url_size = 2000;
/// The text added to `redirect_url` must stay *under* this many characters. Source: the direct-login guide.
inline constexpr std::size_t max_login_addition = 1300;

/// An ephemeral login token: opens one customer's carrier portal, and is dead 10 seconds after it was minted.
///
/// Move-only; wiped on destruction; prints as `[redacted]`. Give one token to one customer: whether the API
/// lets a token be used twice is not documented.
///
///     auto minted = co_await logins.mint({.account = "se-1234"});
///     if (minted) redirect_to(minted->redirect_url());
///
/// \par Threads
/// As of any value: several threads may read one token, if none changes it meanwhile.
///
/// \par Exceptions
/// Only the constructor and `login_url`, which make text, throw: `std::bad_alloc`. A moved-from token is
/// empty.
class EPHEMINT_EXPORT ephemeral_token {
 public:
  /// An empty token that expired long ago.
  ephemeral_token() noexcept = default;
  /// A token whose request was written just after `sent_at`. For tests of code that takes a token; checks
  /// nothing.
  ephemeral_token(std::string_view token, std::string_view redirect_url, clock::time_point sent_at);

  /// The token itself. Valid while this object lives and isn't moved from.
  std::string_view value() const noexcept { return text_.reveal().substr(0, token_size_); }
  /// The portal's URL with the token inside, as the API gave it. It was checked: https, and a host of the
  /// allow-list. Empty if the API gave none, as for `mint_request::token_only`.
  std::string_view redirect_url() const noexcept {
    return text_.empty() ? std::string_view{} : text_.reveal().substr(token_size_);  // empty: moved from
  }

  /// When it expires: 10 s after the moment just before its request was written. The server started to count
  /// later than that, so the token lives a little longer than this says, never shorter.
  clock::time_point expires_at() const noexcept { return expires_at_; }
  /// How long it still lives; negative once it has expired.
  clock::duration remaining(clock::time_point now = clock::now()) const noexcept { return expires_at_ - now; }

  /// `redirect_url()` with the options appended to its end, encoded.
  /// Error: `invalid_request` if there is no `redirect_url`, or `theme_id` is not a UUID, or the URL would be
  /// longer than `max_login_url_size`, or the addition not under `max_login_addition`; the message says by
  /// how much.
  result<std::string> login_url(const login_options& = {}) const;

  /// Writes `[redacted]`.
  EPHEMINT_EXPORT friend std::ostream& operator<<(std::ostream&, const ephemeral_token&);

 private:
  secret text_;  // token, then redirect_url
  std::size_t token_size_ = 0;
  clock::time_point expires_at_{};
};

/// A token, or why there is none. `.value()` throws `mint_exception`.
using mint_result = result<ephemeral_token>;

}  // namespace ephemint::inline v0
