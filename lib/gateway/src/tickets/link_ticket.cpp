#include "tickets/link_ticket.hpp"

#include "text/json_members.hpp"
#include "text/words.hpp"
#include "tickets/signing.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

namespace dom = simdjson::dom;
using std::chrono::milliseconds;

constexpr std::size_t longest_ticket = 2048;
constexpr std::chrono::seconds leeway{5};  // for the difference between two machines' clocks

/// The three parts of a JWT.
struct ticket_parts {
  std::string_view header, claims, signature;
  std::string_view signed_part;  ///< the first two, with their dot
};

std::optional<ticket_parts> split(std::string_view text) {
  if (text.size() > longest_ticket || std::count(text.begin(), text.end(), '.') != 2) return std::nullopt;
  const std::size_t first = text.find('.'), second = text.rfind('.');
  return ticket_parts{text.substr(0, first), text.substr(first + 1, second - first - 1),
                      text.substr(second + 1), text.substr(0, second)};
}

/// Reads the JSON object in that base64url. Returns what is wrong, or null.
template <class To, std::size_t Count>
const char* fault_in(std::string_view base64, const json_member<To> (&known)[Count], To& to) {
  const auto text = base64url_decoded(base64);
  if (!text) return "isn't base64url";
  const auto fault = read_json_object(*text, std::span{known}, to);
  return fault ? fault->what : nullptr;
}

struct ticket_header {
  bool algorithm_said = false;
  std::string kid;
};

/// JWT libraries differ in the order of a header's members, and in whether they write a `typ`.
constexpr json_member<ticket_header> header_members[] = {
    {"alg", "has an alg that isn't HS256",
     [](dom::element value, ticket_header& to) { return to.algorithm_said = json_text(value) == "HS256"; }},
    {"kid", "has a kid that isn't a text",
     [](dom::element value, ticket_header& to) { return !(to.kid = json_text(value)).empty(); }},
    {"typ", "has a typ that isn't JWT",
     [](dom::element value, ticket_header&) { return json_text(value) == "JWT"; }},
};

/// The key that the header names, if the header is valid for us.
const link_key* key_of(std::string_view header, std::span<const link_key> keys) {
  ticket_header read;
  if (fault_in(header, header_members, read) || !read.algorithm_said) return nullptr;
  const auto known = std::ranges::find(keys, read.kid, &link_key::kid);
  return known == keys.end() ? nullptr : &*known;
}

bool is_signed(const ticket_parts& parts, const link_key& key) {
  const std::string right = hs256(key.text, parts.signed_part);
  return parts.signature.size() == right.size() &&
         CRYPTO_memcmp(parts.signature.data(), right.data(), right.size()) == 0;
}

/// A NumericDate: seconds since 1970, perhaps with a fraction. Values outside any clock's range are replaced
/// by the nearest one inside, so that computing with them is safe; the checks then refuse them.
std::optional<milliseconds> date_of(dom::element value) {
  double date = 0;
  if (value.get(date)) return std::nullopt;
  constexpr double last = 9'000'000'000;  // in 2255; nanoseconds end in 2262
  return std::chrono::round<milliseconds>(std::chrono::duration<double>{std::clamp(date, 0.0, last)});
}

/// A string, or an array with one string, as Go's library writes it; empty: neither.
std::string_view audience_of(dom::element value) {
  dom::array list;
  if (value.get(list)) return json_text(value);
  return list.size() == 1 ? json_text(list.at(0).value_unsafe()) : std::string_view{};
}

bool is_ticket_id(std::string_view text) {
  return is_name(text) && text.size() >= 16 && text.find('.') == text.npos;
}

/// A ticket's claims while they are read.
struct ticket_claims {
  link_ticket ticket;
  std::string audience;
  std::optional<milliseconds> issued_at, expires_at, not_before;

  bool are_whole() const {
    return ticket.account.valid() && !audience.empty() && !ticket.id.empty() && issued_at && expires_at;
  }

  /// Precondition: the claims are complete.
  const char* why_refused(const ticket_rules& rules, wall_clock::time_point now) const {
    if (audience != rules.audience) return "is for another gateway";
    const auto latest = std::chrono::floor<milliseconds>(now.time_since_epoch()) + leeway;
    if (*issued_at > latest) return "is from the future";
    if (not_before && *not_before > latest) return "isn't valid yet";
    if (*expires_at <= *issued_at) return "expires before it is issued";
    return *expires_at - *issued_at > rules.max_age ? "would live too long" : nullptr;
  }
};

constexpr json_member<ticket_claims> claim_members[] = {
    {"iat", "has an iat that isn't a number",
     [](dom::element value, ticket_claims& to) { return (to.issued_at = date_of(value)).has_value(); }},
    {"exp", "has an exp that isn't a number",
     [](dom::element value, ticket_claims& to) { return (to.expires_at = date_of(value)).has_value(); }},
    {"nbf", "has an nbf that isn't a number",
     [](dom::element value, ticket_claims& to) { return (to.not_before = date_of(value)).has_value(); }},
    {"aud", "has an aud that isn't one string",
     [](dom::element value, ticket_claims& to) { return !(to.audience = audience_of(value)).empty(); }},
    {"sub", "has a sub that isn't an account",
     [](dom::element value, ticket_claims& to) { return (to.ticket.account = json_text(value)).valid(); }},
    {"jti", "has a jti that isn't 16 to 64 of A-Z a-z 0-9 _ -",
     [](dom::element value, ticket_claims& to) { return is_ticket_id(to.ticket.id = json_text(value)); }},
    {"redirect_to", "has a redirect_to that isn't a page",
     [](dom::element value, ticket_claims& to) {
       return (to.ticket.redirect_to = page_named(json_text(value))).has_value();
     }},
    {"theme_id", "has a theme_id that isn't a UUID",
     [](dom::element value, ticket_claims& to) {
       return is_theme_id(to.ticket.theme_id = json_text(value));
     }},
};

ticket_reading faulty(ticket_fault::kind kind, const char* why) {
  return {.ticket = std::nullopt, .fault = ticket_fault{kind, why}};
}

}  // namespace

ticket_reading read_ticket(std::string_view text, std::span<const link_key> keys, const ticket_rules& rules,
                           wall_clock::time_point now) {
  using enum ticket_fault::kind;
  const auto parts = split(text);
  if (!parts) return faulty(refused, "isn't a ticket");
  const link_key* const key = key_of(parts->header, keys);
  if (!key) return faulty(refused, "has a header that can't be, or names an unknown key");
  if (!is_signed(*parts, *key)) return faulty(refused, "has a wrong signature");

  ticket_claims claims;
  if (const char* const fault = fault_in(parts->claims, claim_members, claims))
    return faulty(ill_formed, fault);
  if (!claims.are_whole()) return faulty(ill_formed, "lacks a claim");
  if (const char* const fault = claims.why_refused(rules, now)) return faulty(refused, fault);
  claims.ticket.issued_at = wall_clock::time_point{*claims.issued_at};
  claims.ticket.expires_at = wall_clock::time_point{*claims.expires_at};
  return {.ticket = std::move(claims.ticket), .fault = std::nullopt};
}

}  // namespace ephemint::inline v0::gateway
