#include <ephemint/error.hpp>

#include <boost/throw_exception.hpp>

#include <array>
#include <cstddef>
#include <ostream>
#include <string>
#include <utility>

namespace ephemint::inline v0 {
namespace {

struct code_entry {
  mint_errc code;
  std::string_view name;
  mint_condition condition;
  /// The message of an error that was made without one.
  std::string_view message;
};

constexpr std::array<code_entry, 12> code_entries{{
    {mint_errc::invalid_request, "invalid_request", mint_condition::fix_request,
     "the request can't be right: nothing was sent"},
    {mint_errc::unauthorized, "unauthorized", mint_condition::fix_credentials,
     "the API refused the key: check it, and that it may act for this account"},
    {mint_errc::rejected, "rejected", mint_condition::fix_request,
     "the API won't mint for this account: see its errors"},
    {mint_errc::rate_limited, "rate_limited", mint_condition::retry_later,
     "the quota has no room before the deadline: try later, or allow more time"},
    {mint_errc::server_error, "server_error", mint_condition::retry_later,
     "the API failed, up to the last attempt: try later"},
    {mint_errc::bad_response, "bad_response", mint_condition::give_up,
     "the reply breaks the API's contract: is the base URL right?"},
    {mint_errc::connect_failed, "connect_failed", mint_condition::retry_later,
     "no connection to the API could be had, or it was lost: try later"},
    {mint_errc::tls_failed, "tls_failed", mint_condition::give_up,
     "the peer couldn't prove that it is the API: check the base URL and the authorities"},
    {mint_errc::timed_out, "timed_out", mint_condition::retry_later,
     "no token came in time: try later, or allow more time"},
    {mint_errc::overloaded, "overloaded", mint_condition::retry_later,
     "too many mints are waiting already: try later"},
    {mint_errc::cancelled, "cancelled", mint_condition::give_up, "the caller cancelled the mint"},
    {mint_errc::closed, "closed", mint_condition::give_up, "the client was closed"},
}};

struct condition_entry {
  std::string_view name;
  std::string_view message;
};

constexpr std::array<condition_entry, 4> conditions{{
    {"retry_later", "try again later"},
    {"fix_request", "correct the request"},
    {"fix_credentials", "correct the API key"},
    {"give_up", "trying again won't help"},
}};

constexpr bool codes_in_order() {
  for (std::size_t i = 0; i < code_entries.size(); ++i)
    if (static_cast<std::size_t>(code_entries[i].code) != i + 1) return false;
  return true;
}
static_assert(codes_in_order(), "entries are found by their number");

/// Null for a number that is no enumerator: an error code can be made from any int.
template <class Entry, std::size_t N>
const Entry* find(const std::array<Entry, N>& entries, int number) noexcept {
  return number >= 1 && static_cast<std::size_t>(number) <= N ? &entries[static_cast<std::size_t>(number) - 1]
                                                              : nullptr;
}

std::string_view message_of(mint_errc code) noexcept {
  const auto* entry = find(code_entries, static_cast<int>(code));
  return entry ? entry->message : "unknown error";
}

// With these ids a category is equal to its copy in another shared object; any 64 random bits will do.
class mint_category_type final : public boost::system::error_category {
 public:
  constexpr mint_category_type() noexcept : error_category{0x8d1f6b0a3c5e2794} {}

  const char* name() const noexcept override { return "ephemint.mint"; }
  std::string message(int number) const override {
    return std::string{message_of(static_cast<mint_errc>(number))};
  }
  const char* message(int number, char*, std::size_t) const noexcept override {
    return message_of(static_cast<mint_errc>(number)).data();  // literals, so null-terminated
  }
  boost::system::error_condition default_error_condition(int number) const noexcept override {
    if (const auto* entry = find(code_entries, number)) return make_error_condition(entry->condition);
    return {number, *this};
  }
};

class mint_condition_category_type final : public boost::system::error_category {
 public:
  constexpr mint_condition_category_type() noexcept : error_category{0x41c7e95d08b3f62a} {}

  const char* name() const noexcept override { return "ephemint.condition"; }
  std::string message(int number) const override { return message(number, nullptr, 0); }
  const char* message(int number, char*, std::size_t) const noexcept override {
    const auto* entry = find(conditions, number);
    return entry ? entry->message.data() : "unknown condition";
  }
};

// Initialised at compile time, so that the initialiser of any other static object can make and compare
// errors.
constinit const mint_category_type the_mint_category;
constinit const mint_condition_category_type the_condition_category;

}  // namespace

const boost::system::error_category& mint_category() noexcept { return the_mint_category; }
const boost::system::error_category& mint_condition_category() noexcept { return the_condition_category; }

boost::system::error_code make_error_code(mint_errc code) noexcept {
  return {static_cast<int>(code), mint_category()};
}

boost::system::error_condition make_error_condition(mint_condition condition) noexcept {
  return {static_cast<int>(condition), mint_condition_category()};
}

std::string_view to_string(mint_errc code) noexcept {
  const auto* entry = find(code_entries, static_cast<int>(code));
  return entry ? entry->name : "unknown";
}

std::string_view to_string(mint_condition condition) noexcept {
  const auto* entry = find(conditions, static_cast<int>(condition));
  return entry ? entry->name : "unknown";
}

mint_error::mint_error(mint_errc code, details what)
    : code_{code}, details_{std::make_shared<const details>(std::move(what))} {}

boost::system::error_code mint_error::code() const noexcept { return make_error_code(code_); }

std::string_view mint_error::message() const noexcept {
  return details_ && !details_->message.empty() ? std::string_view{details_->message} : message_of(code_);
}

int mint_error::http_status() const noexcept { return details_ ? details_->http_status : 0; }

std::string_view mint_error::request_id() const noexcept {
  return details_ ? std::string_view{details_->request_id} : std::string_view{};
}

const std::vector<api_error>& mint_error::api_errors() const noexcept {
  static const std::vector<api_error> none;
  return details_ ? details_->api_errors : none;
}

int mint_error::attempts() const noexcept { return details_ ? details_->attempts : 0; }

std::optional<clock::duration> mint_error::retry_after() const noexcept {
  return details_ ? details_->retry_after : std::nullopt;
}

std::optional<std::chrono::seconds> mint_error::retry_after_seconds() const noexcept {
  const auto wait = retry_after();
  return wait ? std::optional{std::chrono::ceil<std::chrono::seconds>(*wait)} : std::nullopt;
}

std::string to_string(const mint_error& error) {
  std::string line{to_string(error.value())};
  line.append(": ").append(error.message());
  std::string known;
  if (error.http_status() != 0) known = "HTTP " + std::to_string(error.http_status());
  if (error.message().find(known) != std::string_view::npos) known.clear();
  if (!error.request_id().empty()) {
    if (!known.empty()) known += ", ";
    known.append("request ").append(error.request_id());
  }
  if (!known.empty()) line.append(" (").append(known).append(")");
  return line;
}

std::ostream& operator<<(std::ostream& out, const mint_error& error) { return out << to_string(error); }

mint_exception::mint_exception(mint_error error)
    : std::runtime_error{to_string(error)}, error_{std::move(error)} {}

void throw_exception_from_error(const mint_error& error, const boost::source_location& where) {
  boost::throw_with_location(mint_exception{error}, where);
}

}  // namespace ephemint::inline v0
