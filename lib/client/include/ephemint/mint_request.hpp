#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/export.hpp>

#include <chrono>
#include <cstdint>

namespace ephemint::inline v0 {

/// Who goes first when permits are short: all interactive mints, then the background ones.
enum class priority : std::uint8_t { interactive, background };

/// One mint to make. A plain value, which `client::mint` checks: a wrong one fails with `invalid_request`.
///
///     co_await logins.mint({.account = "se-1234", .deadline = 3s});
struct mint_request {
  /// The customer's account (`On-Behalf-Of`).
  account_id account;
  /// `background` yields to `interactive`: a nightly batch beside the day's logins.
  priority urgency = priority::interactive;
  /// The time from the call to the result, over all attempts. 0: the client's `deadline`. `no_deadline`:
  /// waits for the quota however long that takes, and for an API that is away as long as `outage_patience`
  /// says. Negative ones are refused.
  std::chrono::milliseconds deadline{0};
  /// Asks for the token and no `redirect_url`: the API's `redirect` parameter isn't sent. For who hands the
  /// token to an application of their own; such a token can't make a login URL.
  bool token_only = false;
  /// Only without a deadline: how long an outage may last, counted from its first failure, before the mint
  /// fails. Until then it waits, however often it was tried, while a probe every 2 s at most looks whether
  /// the API is back: an API that answered before, and of which now nothing, or nothing but 5xx, comes. 0:
  /// doesn't wait. At most 24 h. 5 min: longer than a deployment or a restart takes.
  std::chrono::milliseconds outage_patience = std::chrono::minutes{5};
  /// The caller's own number for it, a trace's or a request's: stands in the observer's reports, and nowhere
  /// else.
  std::uint64_t tag = 0;
};

/// For `mint_request::deadline` and `client_options::deadline`: none.
inline constexpr std::chrono::milliseconds no_deadline = std::chrono::milliseconds::max();

}  // namespace ephemint::inline v0
