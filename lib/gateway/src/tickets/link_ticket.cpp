#include "tickets/link_ticket.hpp"

#include "text/words.hpp"
#include "tickets/signing.hpp"

#include <openssl/crypto.h>
#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ephemint::inline v0::gateway {
namespace {

namespace dom = simdjson::dom;
using std::chrono::milliseconds;

constexpr std::size_t longest_ticket = 2048;
constexpr std::chrono::seconds leeway{5};  // two machines' clocks differ

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

/// Gives each member of the JSON object in that base64url to `take`, which says what is wrong with it. The
/// first fault; null: none. A name that comes twice is one: parsers differ in which they believe.
template <class Take>
const char* each_member(std::string_view base64, Take take) {
  const auto text = base64url_decoded(base64);
  if (!text) return "isn't base64url";
  if (text->starts_with("\xef\xbb\xbf")) return "begins with a byte order mark";
  dom::parser parser;
  dom::object members;
  if (parser.parse(*text).get(members)) return "isn't a JSON object";
  std::vector<std::string_view> seen;
  for (const auto [name, value] : members) {
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) return "has a member twice";
    seen.push_back(name);
    if (const char* const fault = take(std::string_view{name}, dom::element{value})) return fault;
  }
  return nullptr;
}

std::optional<std::string_view> text_of(dom::element value) {
  std::string_view text;
  return value.get(text) ? std::nullopt : std::optional{text};
}

/// The key that the header names, if the header is one of ours: libraries differ in the order of its members
/// and in whether they write a `typ`.
const link_key* key_of(std::string_view header, std::span<const link_key> keys) {
  const link_key* named = nullptr;
  bool algorithm_said = false;
  const auto take = [&](std::string_view name, dom::element value) -> const char* {
    const auto text = text_of(value);
    if (name == "alg" && text == "HS256") {
      algorithm_said = true;
    } else if (name == "kid" && text) {
      const auto known = std::find_if(keys.begin(), keys.end(), [&](auto& key) { return key.kid == *text; });
      if (known == keys.end()) return "names a key that isn't known";
      named = &*known;
    } else if (name != "typ" || text != "JWT") {
      return "has a member that can't be";
    }
    return nullptr;
  };
  return !each_member(header, take) && algorithm_said ? named : nullptr;
}

bool is_signed(const ticket_parts& parts, const link_key& key) {
  const std::string right = hs256(key.text, parts.signed_part);
  return parts.signature.size() == right.size() &&
         CRYPTO_memcmp(parts.signature.data(), right.data(), right.size()) == 0;
}

/// A NumericDate since 1970, which may have fractions. Those that no clock shows become the nearest that one
/// could: so they can be reckoned with, and are refused by that.
std::optional<milliseconds> date_of(dom::element value) {
  double date = 0;
  if (value.get(date)) return std::nullopt;
  constexpr double last = 9'000'000'000;  // in 2255; nanoseconds end in 2262
  return std::chrono::round<milliseconds>(std::chrono::duration<double>{std::clamp(date, 0.0, last)});
}

/// A string, or, as Go's library writes it, an array with that string alone.
std::optional<std::string_view> audience_of(dom::element value) {
  dom::array list;
  if (value.get(list)) return text_of(value);
  return list.size() == 1 ? text_of(list.at(0).value_unsafe()) : std::nullopt;
}

bool is_ticket_id(std::string_view text) {
  return is_name(text) && text.size() >= 16 && text.find('.') == text.npos;
}

/// A ticket's claims as they are read.
struct ticket_claims {
  link_ticket ticket;
  std::string audience;
  std::optional<milliseconds> issued_at, expires_at, not_before;

  const char* take(std::string_view name, dom::element value) {
    if (name == "iat") return (issued_at = date_of(value)) ? nullptr : "has an iat that isn't a number";
    if (name == "exp") return (expires_at = date_of(value)) ? nullptr : "has an exp that isn't a number";
    if (name == "nbf") return (not_before = date_of(value)) ? nullptr : "has an nbf that isn't a number";
    const auto text = name == "aud" ? audience_of(value) : text_of(value);
    return take_text(name, text.value_or(""));  // none of them may be empty
  }

  const char* take_text(std::string_view name, std::string_view text) {
    if (name == "aud") {
      audience = text;
      return text.empty() ? "has an aud that isn't one string" : nullptr;
    }
    if (name == "sub") {
      ticket.account = text;
      return ticket.account.valid() ? nullptr : "has a sub that isn't an account";
    }
    if (name == "jti") {
      ticket.id = text;
      return is_ticket_id(text) ? nullptr : "has a jti that isn't 16 to 64 of A-Z a-z 0-9 _ -";
    }
    if (name == "redirect_to") {
      ticket.redirect_to = page_named(text);
      return ticket.redirect_to ? nullptr : "has a redirect_to that isn't a page";
    }
    if (name != "theme_id") return "has a claim that isn't known";
    ticket.theme_id = text;
    return is_theme_id(text) ? nullptr : "has a theme_id that isn't a UUID";
  }

  bool are_whole() const {
    return ticket.account.valid() && !audience.empty() && !ticket.id.empty() && issued_at && expires_at;
  }

  /// Of claims that are whole.
  const char* why_refused(const ticket_rules& rules, wall_clock::time_point now) const {
    if (audience != rules.audience) return "is for another gateway";
    const auto latest = std::chrono::floor<milliseconds>(now.time_since_epoch()) + leeway;
    if (*issued_at > latest) return "is from the future";
    if (not_before && *not_before > latest) return "isn't valid yet";
    if (*expires_at <= *issued_at) return "expires before it is issued";
    return *expires_at - *issued_at > rules.max_age ? "would live too long" : nullptr;
  }
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
  const auto take = [&](std::string_view name, dom::element value) { return claims.take(name, value); };
  if (const char* const fault = each_member(parts->claims, take)) return faulty(ill_formed, fault);
  if (!claims.are_whole()) return faulty(ill_formed, "lacks a claim");
  if (const char* const fault = claims.why_refused(rules, now)) return faulty(refused, fault);
  claims.ticket.issued_at = wall_clock::time_point{*claims.issued_at};
  claims.ticket.expires_at = wall_clock::time_point{*claims.expires_at};
  return {.ticket = std::move(claims.ticket), .fault = std::nullopt};
}

}  // namespace ephemint::inline v0::gateway
