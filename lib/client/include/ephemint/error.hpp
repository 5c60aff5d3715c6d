#pragma once

#include <ephemint/clock.hpp>
#include <ephemint/export.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/error_condition.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0 {

/// Why a mint failed. The comments name the condition (`mint_condition`) that each one equals.
enum class mint_errc {
  invalid_request = 1,  ///< the request or login URL is wrong; no I/O was done (fix_request)
  unauthorized,         ///< the API's own 401 or 403, or the key seems refused (fix_credentials)
  rejected,             ///< another 4xx: the API won't mint for this account (fix_request)
  rate_limited,         ///< no permit before the deadline, or the attempts ended in 429 (retry_later)
  server_error,         ///< 5xx, 408, 421, 425, or a gateway's 401, 403, up to the last attempt (retry_later)
  bad_response,         ///< a reply that breaks HTTP, JSON or the API's contract (give_up)
  connect_failed,       ///< name unknown, refused, unreachable, handshake or connection lost (retry_later)
  tls_failed,           ///< the server's certificate was refused, or it has no TLS 1.2 or newer (give_up)
  timed_out,            ///< the deadline, or the last attempt's time, ran out (retry_later)
  overloaded,           ///< more than `max_queued` mints are waiting (retry_later)
  cancelled,            ///< the caller cancelled the wait (give_up)
  closed,               ///< the client was closed or destroyed, or came through `fork` (give_up)
};

/// What to do about a failure: compare with `error.code() == mint_condition::retry_later`.
enum class mint_condition { retry_later = 1, fix_request, fix_credentials, give_up };

/// The category of the codes; its name is `ephemint.mint`.
EPHEMINT_EXPORT const boost::system::error_category& mint_category() noexcept;
/// The category of the conditions; its name is `ephemint.condition`.
EPHEMINT_EXPORT const boost::system::error_category& mint_condition_category() noexcept;
/// Makes `error.code() == mint_errc::cancelled` work.
EPHEMINT_EXPORT boost::system::error_code make_error_code(mint_errc) noexcept;
/// Makes `error.code() == mint_condition::retry_later` work.
EPHEMINT_EXPORT boost::system::error_condition make_error_condition(mint_condition) noexcept;
/// The code's name as it stands in the enumeration: `rate_limited`.
EPHEMINT_EXPORT std::string_view to_string(mint_errc) noexcept;
/// The condition's name as it stands in the enumeration: `retry_later`.
EPHEMINT_EXPORT std::string_view to_string(mint_condition) noexcept;

/// Who caused an API error. Source of this and the next two lists: the API's reference,
/// version 1.1.202604070904.
enum class api_error_source : std::uint8_t { other, carrier, order_source, shipengine };

/// What kind of trouble an API error is.
enum class api_error_type : std::uint8_t {
  other,
  account_status,
  business_rules,
  validation,
  security,
  system,
  integrations
};

/// The 50 distinct codes of the reference (it lists `no_rates_returned` twice), and `other` for any that come
/// later.
enum class api_error_code : std::uint8_t {
  other,
  auto_fund_not_supported,
  batch_cannot_be_modified,
  carrier_conflict,
  carrier_disconnected,
  carrier_not_connected,
  carrier_not_supported,
  confirmation_not_supported,
  default_warehouse_cannot_be_deleted,
  field_conflict,
  field_value_required,
  forbidden,
  identifier_conflict,
  identifiers_must_match,
  insufficient_funds,
  invalid_address,
  invalid_billing_plan,
  invalid_field_value,
  invalid_identifier,
  invalid_status,
  invalid_string_length,
  label_images_not_supported,
  meter_failure,
  order_source_not_active,
  rate_limit_exceeded,
  refresh_not_supported,
  request_body_required,
  return_label_not_supported,
  settings_not_supported,
  subscription_inactive,
  terms_not_accepted,
  tracking_not_supported,
  trial_expired,
  unauthorized,
  unknown,
  unspecified,
  verification_failure,
  warehouse_conflict,
  webhook_event_type_conflict,
  customs_items_required,
  incompatible_paired_labels,
  invalid_charge_event,
  invalid_object,
  no_rates_returned,
  file_not_found,
  shipping_rule_not_found,
  service_not_determined,
  funding_source_registration_in_progress,
  insurance_failure,
  funding_source_missing_configuration,
  funding_source_error,
};

/// The name as the API spells it.
EPHEMINT_EXPORT std::string_view to_string(api_error_source) noexcept;
/// The name as the API spells it.
EPHEMINT_EXPORT std::string_view to_string(api_error_type) noexcept;
/// The name as the API spells it.
EPHEMINT_EXPORT std::string_view to_string(api_error_code) noexcept;
/// The value of that name, or `other`.
EPHEMINT_EXPORT api_error_source parse_api_error_source(std::string_view) noexcept;
/// The value of that name, or `other`.
EPHEMINT_EXPORT api_error_type parse_api_error_type(std::string_view) noexcept;
/// The value of that name, or `other`.
EPHEMINT_EXPORT api_error_code parse_api_error_code(std::string_view) noexcept;

/// A value of an enumeration that the API may extend: one that this version knows, or `other` with the text
/// that came.
///
///     for (const auto& said : error.api_errors())
///       if (said.code == ephemint::api_error_code::subscription_inactive) tell_sales();
template <class Enum>
class open_enum {
 public:
  /// `other`, without a text.
  open_enum() = default;
  /// A known value. Implicit, so that a plain enumerator will do.
  open_enum(Enum known) : value_{known} {}
  /// `text` is kept only with `other`. It must be clean already: the reply parser cleans it.
  open_enum(Enum value, std::string text) : value_{value} {
    if (value == Enum::other) text_ = std::move(text);
  }

  /// The value, or `other`.
  Enum value() const noexcept { return value_; }
  /// The name as the API spells it; for an unknown value, the text that came: at most 64 printable
  /// characters.
  std::string_view text() const noexcept { return value_ == Enum::other ? text_ : to_string(value_); }

  /// Whether it is that value, whatever the text.
  friend bool operator==(const open_enum& a, Enum b) noexcept { return a.value_ == b; }

 private:
  Enum value_ = Enum::other;
  std::string text_;
};

/// One entry of the API's `errors[]`. All text is the server's: cut to a limit, with control characters
/// escaped, and never to be trusted.
struct api_error {
  open_enum<api_error_source> source;  ///< who caused it
  open_enum<api_error_type> type;      ///< what kind of trouble it is
  open_enum<api_error_code> code;      ///< what it is; base decisions on this
  std::string message;                 ///< for people; the API may change it
  std::string carrier_id;              ///< empty if absent
  std::string carrier_code;            ///< empty if absent
  std::string field_name;              ///< empty if absent
};

/// A failed mint: what happened, and what to do next. Cheap to copy; never holds a key or a token.
///
///     if (error.code() == ephemint::mint_condition::retry_later)
///       answer_503(error.retry_after_seconds().value_or(5s));
///     log(to_string(error));
///
/// A value: copies share the details, which never change. The views and references that it returns stay valid
/// while it, or a copy of it, lives and isn't assigned to. Only the constructor with details throws. A
/// moved-from error keeps its code, and loses the rest.
class EPHEMINT_EXPORT mint_error {
 public:
  /// What `mint_error` says beyond its code.
  struct details {
    std::string message;          ///< the library's own, one line; names the field or option at fault
    int http_status = 0;          ///< 0: no reply came
    std::string request_id = {};  ///< the API's, empty if there is none
    std::vector<api_error> api_errors = {};           ///< what the API said
    int attempts = 0;                                 ///< requests that were made
    std::optional<clock::duration> retry_after = {};  ///< how long until a new mint is worth it; not negative
  };

  /// `closed`, with nothing more to say.
  mint_error() noexcept = default;
  /// An error with the code's own message.
  explicit mint_error(mint_errc code) noexcept : code_{code} {}
  /// An error with details. Throws `std::bad_alloc`.
  mint_error(mint_errc code, details what);

  /// In `mint_category()`. Compares equal to its `mint_errc` and to its `mint_condition`.
  boost::system::error_code code() const noexcept;
  /// The code as an enumerator, for a `switch`.
  mint_errc value() const noexcept { return code_; }

  /// One line for a log: what went wrong and what to do, and the HTTP status if a reply was the reason. It
  /// holds no text of the server's: that is in `api_errors()` only.
  std::string_view message() const noexcept;
  /// The status of the last reply, even if its body couldn't be read. 0 if none came.
  int http_status() const noexcept;
  /// The API's id of the last reply (`request_id`, or `X-ShipEngine-RequestID`), which the API's support asks
  /// for. Empty if none.
  std::string_view request_id() const noexcept;
  /// The errors that the API reported: usually none or one. Untrusted text: for logs, not for customers.
  const std::vector<api_error>& api_errors() const noexcept;
  /// Requests that were made for this mint, failed connection attempts included.
  int attempts() const noexcept;
  /// How long from now a new mint should wait, if that is known: until the quota's next permit, or the
  /// `Retry-After` of the last reply, cut to 5 min. Only for codes that equal `retry_later`; never the
  /// client's own back-off.
  std::optional<clock::duration> retry_after() const noexcept;
  /// The same in whole seconds, rounded up, as HTTP's `Retry-After` wants them.
  std::optional<std::chrono::seconds> retry_after_seconds() const noexcept;

 private:
  mint_errc code_ = mint_errc::closed;
  std::shared_ptr<const details> details_;
};

/// One line for a log, in one piece: `code: message`, with the request id if it is known, and the status if
/// the message doesn't name it. `<ephemint/format.hpp>` has the same for {fmt}. Throws `std::bad_alloc`.
EPHEMINT_EXPORT std::string to_string(const mint_error&);
/// Writes `to_string(error)` in one insertion, so that the lines of several threads don't mix.
EPHEMINT_EXPORT std::ostream& operator<<(std::ostream&, const mint_error&);

/// Thrown by `result<T>::value()` if the result holds an error, and by `mint_stream::next` if it is
/// cancelled. `what()` is the error's `to_string`.
///
///     try {
///       redirect_to((co_await logins.mint({.account = "se-1234"})).value().redirect_url());
///     } catch (const ephemint::mint_exception& e) {
///       log(e.what());
///     }
class EPHEMINT_EXPORT mint_exception : public std::runtime_error {
 public:
  /// Holds that error. Throws `std::bad_alloc`.
  explicit mint_exception(mint_error);
  /// The error that a result would have held.
  const mint_error& error() const noexcept { return error_; }
  /// Its code.
  boost::system::error_code code() const noexcept { return error_.code(); }

 private:
  mint_error error_;
};

/// A `T` or a `mint_error`: the one way in which this library reports failure.
template <class T>
using result = boost::system::result<T, mint_error>;

/// Throws a `mint_exception`. `boost::system::result` calls it when `.value()` is called on an error.
[[noreturn]] EPHEMINT_EXPORT void throw_exception_from_error(const mint_error&,
                                                             const boost::source_location&);

}  // namespace ephemint::inline v0

template <>
struct boost::system::is_error_code_enum<ephemint::mint_errc> : std::true_type {};
template <>
struct boost::system::is_error_condition_enum<ephemint::mint_condition> : std::true_type {};
