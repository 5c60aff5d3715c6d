#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/export.hpp>

#include <chrono>
#include <cstdint>

namespace ephemint::inline v0 {

/// Which mints go first when permits are short: all interactive ones, then the background ones.
enum class priority : std::uint8_t { interactive, background };

/// One mint to make. A plain value. `client::mint` checks it, and fails with `invalid_request` if it is
/// wrong.
///
///     co_await logins.mint({.account = "se-1234", .deadline = 3s});
struct mint_request {
  /// The customer's account (`On-Behalf-Of`).
  account_id account;
  /// `background` yields to `interactive`: a nightly batch beside the day's logins.
  priority urgency = priority::interactive;
  /// The time from the call to the result, over all attempts. 0: the client's `deadline`. `no_deadline`:
  /// waits for the quota however long that takes, and through an outage of the API for up to
  /// `outage_patience`. Negative values are refused.
  std::chrono::milliseconds deadline{0};
  /// Asks for the token without a `redirect_url`: the API's `redirect` parameter isn't sent. For callers who
  /// hand the token to an application of their own; such a token can't make a login URL.
  bool token_only = false;
  /// Only without a deadline: how long an outage may last, counted from its first failure, before the mint
  /// fails. (An outage: an API that answered before gives no answer, or nothing but 5xx.) During that time
  /// the mint waits, however often it was tried, while one probe at a time, at most 2 s after the one before,
  /// asks whether the API is back. 0: doesn't wait. At most 24 h. Default 5 min: longer than a deployment or
  /// a restart takes.
  std::chrono::milliseconds outage_patience = std::chrono::minutes{5};
  /// The caller's own number for the mint, such as a trace id. It appears in the observer's reports, and
  /// nowhere else.
  std::uint64_t tag = 0;
};

/// For `mint_request::deadline` and `client_options::deadline`: none.
inline constexpr std::chrono::milliseconds no_deadline = std::chrono::milliseconds::max();

}  // namespace ephemint::inline v0
